// A Go reverse proxy with client credentials, as an experienced Go programmer tunes it: httputil.ReverseProxy over
// golang.org/x/oauth2, enough idle connections for the load, a buffer pool, no transparent compression.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return *b.pool.Get().(*[]byte) }
func (b *buffers) Put(s []byte) { b.pool.Put(&s) }

func main() {
	upstream, err := url.Parse(os.Getenv("UPSTREAM"))
	if err != nil {
		log.Fatal(err)
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		MaxIdleConns:        0,
		MaxIdleConnsPerHost: 1024,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
	credentials := clientcredentials.Config{
		ClientID:     "bench",
		ClientSecret: "bench-secret",
		TokenURL:     os.Getenv("TOKEN_ENDPOINT"),
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	direct := proxy.Director
	proxy.Director = func(request *http.Request) {
		direct(request)
		request.Host = upstream.Host
	}
	proxy.Transport = &oauth2.Transport{Source: credentials.TokenSource(context.Background()), Base: transport}
	proxy.BufferPool = &buffers{sync.Pool{New: func() any { b := make([]byte, 32*1024); return &b }}}
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), proxy))
}
