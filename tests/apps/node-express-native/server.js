const express = require('express')
const Database = require('better-sqlite3')

const db = new Database(process.env.GUESTBOOK || 'guestbook.db')
db.exec('CREATE TABLE IF NOT EXISTS entries (name TEXT NOT NULL)')

const app = express()
app.use(express.text({ type: '*/*' }))
app.use(express.static('public'))
app.post('/entries', (req, res) => {
  db.prepare('INSERT INTO entries VALUES (?)').run(req.body)
  res.status(201).end()
})
app.get('/entries', (req, res) => res.json(db.prepare('SELECT name FROM entries').pluck().all()))

if (require.main === module) {
  app.listen(3000, () => console.log('guestbook listens on 3000'))
}
module.exports = app
