// The same server in Go: a goroutine for each connection.
//
//	go echo|lean|bulk|udp|stuck
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"time"
)

func serve(c net.Conn, size int, stuck bool) {
	defer c.Close()
	buffer := make([]byte, size)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if stuck && buffer[0] == 'S' {
			for from := time.Now(); time.Since(from) < time.Second; {
			}
		}
		if _, err = c.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func serveDatagrams(c *net.UDPConn) {
	buffer := make([]byte, 65536)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buffer)
		if err != nil {
			continue
		}
		c.WriteToUDPAddrPort(buffer[:n], from)
	}
}

func main() {
	what, size := os.Args[1], 1024
	switch what {
	case "lean":
		os.Exit(77) // a goroutine that reads has a buffer
	case "udp":
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			panic(err)
		}
		fmt.Println(c.LocalAddr().(*net.UDPAddr).Port)
		serveDatagrams(c)
	case "bulk":
		size = 65536
	case "stuck":
		runtime.GOMAXPROCS(2)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		c, err := listener.Accept()
		if err == nil {
			go serve(c, size, what == "stuck")
		}
	}
}
