module example.org/httpd

go 1.22
