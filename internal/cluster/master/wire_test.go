package master_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairlead/internal/cluster/master"
)

// On the socket: headers first, without a length; then each record, its length
// included, is exactly one HTTP chunk; the master's own end is the zero chunk.
func TestOneRecordIsOneChunk(t *testing.T) {
	m := newMaster(t, master.Config{Heartbeat: 20 * time.Millisecond})
	connection, err := net.Dial("tcp", m.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	body := `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"` + strings.Repeat("n", 5000) + `","role":"/bad"}}}`
	good := `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}`
	reader := bufio.NewReader(connection)

	fmt.Fprintf(connection, request, len(body), body)
	if head := readHead(t, reader); strings.Contains(head, "Content-Length") || !strings.Contains(head, "Transfer-Encoding: chunked") {
		t.Errorf("head of the answer: %s", head)
	}
	readRecord(t, reader, "ERROR")
	if line := readLine(t, reader); line != "0" {
		t.Errorf("after ERROR comes a chunk of %s", line)
	}
	readLine(t, reader)

	fmt.Fprintf(connection, request, len(good), good) // the connection lives on
	readHead(t, reader)
	for _, want := range []string{"SUBSCRIBED", "HEARTBEAT", "HEARTBEAT"} {
		readRecord(t, reader, want)
	}
}

const request = "POST /api/v1/scheduler HTTP/1.1\r\nHost: master\r\nContent-Type: application/json\r\n" +
	"Content-Length: %d\r\n\r\n%s"

func readLine(t *testing.T, reader *bufio.Reader) string {
	t.Helper()
	line, err := reader.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(line, "\r\n")
}

func readHead(t *testing.T, reader *bufio.Reader) string {
	t.Helper()
	head := ""
	for {
		line := readLine(t, reader)
		if line == "" {
			return head
		}
		head += line + "\n"
	}
}

// readRecord reads one chunk and wants one record in it, of an event type.
func readRecord(t *testing.T, reader *bufio.Reader, event string) {
	t.Helper()
	size, err := strconv.ParseInt(readLine(t, reader), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, size)
	if _, err := io.ReadFull(reader, chunk); err != nil {
		t.Fatal(err)
	}
	readLine(t, reader)
	length, record, found := strings.Cut(string(chunk), "\n")
	if !found || length != strconv.Itoa(len(record)) || !strings.HasPrefix(record, `{"type":"`+event+`"`) {
		t.Errorf("chunk %q, want one %s", chunk, event)
	}
}
