package api_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap/zaptest"

	"fairlead/internal/api"
)

func TestServeEndsInOrderAndEndsStreams(t *testing.T) {
	b := newBook(t, "cpus:1;mem:1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	server := api.New(api.Config{Scheduler: b, Files: &disk{}, Logger: zaptest.NewLogger(t)})
	go func() { ended <- server.Serve(ctx, l) }()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + l.Addr().String() + "/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), ":") {
		t.Fatalf("the stream begins with %q", lines.Text())
	}
	stop()
	for lines.Scan() { // until the stream ends
		continue
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}

func TestServeTellsThatItsListenerFailed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	server := api.New(api.Config{Scheduler: newBook(t, "cpus:1;mem:1"), Files: &disk{}, Logger: zaptest.NewLogger(t)})
	if err := server.Serve(context.Background(), l); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("serve: %v", err)
	}
}
