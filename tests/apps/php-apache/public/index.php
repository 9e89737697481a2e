<?php

$file = __DIR__ . '/../data/counter.sqlite';
$db = new PDO("sqlite:$file");
$db->exec('CREATE TABLE IF NOT EXISTS hits (at TEXT)');
$db->exec("INSERT INTO hits VALUES (datetime('now'))");
header('Content-Type: application/json');
echo json_encode(['hits' => (int) $db->query('SELECT COUNT(*) FROM hits')->fetchColumn(), 'path' => $_SERVER['REQUEST_URI']]);
