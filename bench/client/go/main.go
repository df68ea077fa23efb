// The same client in Go, with net/http: one goroutine for each connection. Without a limit it opens
// more of them, since a goroutine that waits for a new one may get one that another has given back.
//
//	go URL CONNECTIONS SIZE
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func ask(client *http.Client, url string, size int) {
	for {
		answer, err := client.Get(url)
		check(err)
		body, err := io.ReadAll(answer.Body)
		check(err)
		answer.Body.Close()
		if answer.StatusCode != 200 || len(body) != size {
			check(fmt.Errorf("the answer: %d, %d bytes", answer.StatusCode, len(body)))
		}
	}
}

func main() {
	conns, err := strconv.Atoi(os.Args[2])
	check(err)
	size, err := strconv.Atoi(os.Args[3])
	check(err)
	client := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns},
	}
	for i := 1; i < conns; i++ {
		go ask(client, os.Args[1], size)
	}
	ask(client, os.Args[1], size)
}
