// The same servers in Go: net/http, its HTTP/2 without TLS from golang.org/x/net, and Gorilla's
// WebSockets.
//
//	go plain|bodies|file|tls|h2|h2tls|ws
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/gorilla/websocket"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

type message struct {
	Message string `json:"message"`
}

type person struct {
	Name string   `json:"name"`
	Age  int      `json:"age"`
	Tags []string `json:"tags"`
}

var (
	large    = make([]byte, 1048576)
	chunk    = make([]byte, 1024)
	upgrader = websocket.Upgrader{}
)

func reply(w http.ResponseWriter, contentType string, body []byte) {
	h := w.Header()
	h.Set("Server", "go")
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.Write(body)
}

func plaintext(w http.ResponseWriter, r *http.Request) {
	reply(w, "text/plain", []byte("Hello, World!"))
}

func sendJSON(w http.ResponseWriter, r *http.Request) {
	body, _ := json.Marshal(message{"Hello, World!"})
	reply(w, "application/json", body)
}

func params(w http.ResponseWriter, r *http.Request) {
	part := strings.Split(r.URL.Path, "/")
	if len(part) != 5 || part[3] != "posts" {
		http.NotFound(w, r)
		return
	}
	reply(w, "text/plain", []byte(part[2]+" "+part[4]))
}

func receive(w http.ResponseWriter, r *http.Request) {
	var value person
	if err := json.NewDecoder(r.Body).Decode(&value); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, "text/plain", []byte(fmt.Sprintf("%s %d", value.Name, value.Age)))
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		reply(w, "text/plain", body)
	}
}

func sendChunks(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "go")
	w.Header().Set("Content-Type", "text/plain")
	for i := 0; i < 100; i++ {
		w.Write(chunk)
	}
}

func sendBack(w http.ResponseWriter, r *http.Request) {
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		kind, data, err := c.ReadMessage()
		if err != nil || c.WriteMessage(kind, data) != nil {
			return
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/plaintext", plaintext)
	mux.HandleFunc("/json", sendJSON)
	mux.HandleFunc("/users/", params)
	mux.HandleFunc("/receive", receive)
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) {
		reply(w, "application/octet-stream", large)
	})
	mux.HandleFunc("/chunks", sendChunks)
	mux.HandleFunc("/ws", sendBack)
	server := &http.Server{Handler: mux}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	data := os.Getenv("HTTP_DATA")
	switch os.Args[1] {
	case "tls", "h2tls":
		check(server.ServeTLS(listener, data+"/cert.pem", data+"/key.pem"))
	case "h2":
		server.Handler = h2c.NewHandler(mux, &http2.Server{})
		check(server.Serve(listener))
	default:
		check(server.Serve(listener))
	}
}
