package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// As in ../run.h.
const (
	smallFiles  = 1000
	largeFiles  = 100
	smallSize   = 4096
	largeSize   = 1 << 20
	pieceSize   = 65536
	atSize      = 64 << 20
	treeEntries = 100 + 100*100
	outputSize  = 1024
)

var (
	small = make([]byte, smallSize)
	piece = make([]byte, pieceSize)
	at    *os.File
	once  sync.Once
)

func readSmall(data string, i int) {
	bytes, err := os.ReadFile(fmt.Sprintf("%s/small/%d", data, i%smallFiles))
	check(err)
	expect(len(bytes) == smallSize, "the size of a file")
}

func writeSmall(data string, i int) {
	check(os.WriteFile(fmt.Sprintf("%s/out/%d", data, i%smallFiles), small, 0666))
}

func readLarge(data string, i int) {
	file, err := os.Open(fmt.Sprintf("%s/large/%d", data, i%largeFiles))
	check(err)
	defer file.Close()
	buffer := make([]byte, pieceSize)
	sum := 0
	for {
		n, err := file.Read(buffer)
		sum += n
		if err == io.EOF {
			break
		}
		check(err)
	}
	expect(sum == largeSize, "the size of a file")
}

func writeLarge(data string, i int) {
	file, err := os.Create(fmt.Sprintf("%s/out/large%d", data, i%largeFiles))
	check(err)
	defer file.Close()
	for done := 0; done < largeSize; done += pieceSize {
		_, err = file.Write(piece)
		check(err)
	}
}

func readAt(data string, i int) {
	once.Do(func() {
		var err error
		at, err = os.Open(data + "/at0")
		check(err)
	})
	var buffer [smallSize]byte
	offset := int64(uint64(i) * 2654435761 % (atSize / smallSize) * smallSize)
	n, err := at.ReadAt(buffer[:], offset)
	check(err)
	expect(n == smallSize, "the size of a piece")
}

func walk(data string, i int) {
	entries := -1 // the tree itself
	check(filepath.WalkDir(data+"/tree", func(path string, d fs.DirEntry, err error) error {
		entries++
		return err
	}))
	expect(entries == treeEntries, "the entries of the tree")
}

func spawn(data string, i int) {
	check(exec.Command(data + "/child").Run())
}

func output(data string, i int) {
	bytes, err := exec.Command(data+"/child", "x").Output()
	check(err)
	expect(len(bytes) == outputSize, "what the child prints")
}
