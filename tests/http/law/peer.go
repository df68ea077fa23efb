// A server of Go for tests/http/law.c: tells in X-T which target it was asked for, and in X-B how
// many bytes the body had. Its argument is the path of its socket.
package main

import (
    "io"
    "log"
    "net"
    "net/http"
    "os"
    "strconv"
)

func answer(w http.ResponseWriter, r *http.Request) {
    size, err := io.Copy(io.Discard, r.Body)
    if err != nil {
        w.Header().Set("Connection", "close")
        w.WriteHeader(400)
        return
    }
    w.Header()["X-T"] = []string{r.RequestURI}
    w.Header()["X-B"] = []string{strconv.FormatInt(size, 10)}
    w.Write([]byte("x"))
}

func main() {
    listener, err := net.Listen("unix", os.Args[1])
    if err != nil {
        panic(err)
    }
    server := http.Server{Handler: http.HandlerFunc(answer), ErrorLog: log.New(io.Discard, "", 0)}
    panic(server.Serve(listener))
}
