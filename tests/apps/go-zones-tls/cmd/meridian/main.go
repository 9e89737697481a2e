// meridian tells the time of a zone, and asks the ledger, over TLS, whether it agrees.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
)

func main() {
	ledger := os.Getenv("LEDGER_URL")
	client := &http.Client{Timeout: 5 * time.Second}

	r := chi.NewRouter()
	r.Get("/zones/{area}/{city}", func(w http.ResponseWriter, req *http.Request) {
		zone, err := time.LoadLocation(chi.URLParam(req, "area") + "/" + chi.URLParam(req, "city"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		noon := time.Date(2024, time.July, 1, 12, 0, 0, 0, time.UTC)
		json.NewEncoder(w).Encode(map[string]string{"zone": zone.String(), "noon": noon.In(zone).Format("15:04")})
	})
	r.Get("/ledger", func(w http.ResponseWriter, req *http.Request) {
		answer, err := client.Get(ledger)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		io.Copy(w, answer.Body)
	})
	log.Printf("meridian listens on :8080, local time zone %s", time.Local)
	log.Fatal(http.ListenAndServe(":8080", r))
}
