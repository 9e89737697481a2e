package main

import (
	"fmt"
	"log"
	"net/http"
	"time"
)

func main() {
	fmt.Println("http daemon start")
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello")
	})
	http.HandleFunc("/time", func(w http.ResponseWriter, r *http.Request) {
		zone, err := time.LoadLocation(r.URL.Query().Get("zone"))
		if err != nil {
			http.Error(w, "unknown time zone", http.StatusBadRequest)
			return
		}
		fmt.Fprintln(w, time.Now().In(zone).Format(time.RFC3339))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
