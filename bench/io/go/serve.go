package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
)

func echo(c net.Conn, size int) {
	defer c.Close()
	buffer := make([]byte, size)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if _, err = c.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func sendFile(c net.Conn) {
	defer c.Close()
	var request [1]byte
	if _, err := c.Read(request[:]); err != nil {
		return
	}
	file, err := os.Open(os.Getenv("IO_DATA") + "/send")
	check(err)
	defer file.Close()
	io.Copy(c, file)
}

func relay(one, other *net.TCPConn) {
	defer one.Close()
	defer other.Close()
	done := make(chan bool)
	go func() {
		io.Copy(other, one)
		other.CloseWrite()
		done <- true
	}()
	io.Copy(one, other)
	one.CloseWrite()
	<-done
}

func countLines(c net.Conn) {
	defer c.Close()
	lines, bytes := 0, 0
	scanner := bufio.NewScanner(c)
	for scanner.Scan() {
		lines++
		bytes += len(scanner.Bytes())
	}
	fmt.Fprintln(c, lines)
}

func serve(what string) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	size := 1024
	if what == "tls_bulk" {
		size = 65536
	}
	if what == "tls" || what == "tls_bulk" {
		data := os.Getenv("IO_DATA")
		cert, err := tls.LoadX509KeyPair(data+"/cert.pem", data+"/key.pem")
		check(err)
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	for {
		c, err := listener.Accept()
		if err != nil {
			continue
		}
		switch what {
		case "tls", "tls_bulk":
			go echo(c, size)
		case "file":
			go sendFile(c)
		case "relay":
			other, err := listener.Accept()
			check(err)
			go relay(c.(*net.TCPConn), other.(*net.TCPConn))
		case "lines":
			go countLines(c)
		default:
			os.Exit(77)
		}
	}
}
