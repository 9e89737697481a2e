package main

import (
	"fmt"
	"net/http"
)

func hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "Hello, you asked for %s\n", r.URL.Path)
}

func main() {
	http.HandleFunc("/", hello)
	fmt.Println("http daemon start")
	fmt.Println("  -> listen on port:8080")
	if err := http.ListenAndServe(":8080", nil); err != nil {
		panic(err)
	}
}
