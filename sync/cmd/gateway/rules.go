package main

// What the settings of serve must be, told before anything is opened.

import (
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// rules asks every value for its form, and those that hang together.
func (s *settings) rules() {
	text := func(name string) string { return s.flags.Lookup(name).Value.String() }
	want := func(ok bool, name, what string) {
		if !ok {
			s.add(s.whereOf(name), what)
		}
	}
	there := func(name, what string) {
		_, err := os.Stat(text(name))
		want(text(name) == "" || err == nil, name, "there is no "+text(name)+"; "+what)
	}
	listen, pages, metrics := text("listen"), text("pages"), text("metrics")
	want(hostPort(listen), "listen", `host:port to listen on: "127.0.0.1:8480", or ":8480" for every address`)
	want(text("tls") != "" || !hostPort(listen) || loopback(listen), "listen",
		"plain HTTP is served on the loopback only; say where the certificates are with tls (--tls DIR)")
	want(pages == "" || hostPort(pages), "pages", `host:port on the loopback: "127.0.0.1:8481"`)
	want(pages == "" || text("tls") != "", "pages", "--pages without --tls: the address of listen serves the citizens' pages, too; take it away, or give tls")
	want(pages == "" || !hostPort(pages) || loopback(pages), "pages", "plain HTTP is served on the loopback only, a web server with a public certificate stands before it")
	operator := text("operator")
	want(operator == "" || hostPort(operator), "operator", `host:port: "127.0.0.1:8482"`)
	want(operator == "" || text("tls") != "" || !hostPort(operator) || loopback(operator), "operator", "passwords are typed there: without tls it is served on the loopback only")
	want(metrics == "" || hostPort(metrics), "metrics", `host:port: "127.0.0.1:9480"`)
	want(text("catalogue") == "" || text("catalogue-key") == "", "catalogue-key", "say either --catalogue or --catalogue-key")
	signers, err := s.flags.GetStringSlice("catalogue-signer")
	if err == nil {
		_, err = publicKeys(signers)
	}
	want(err == nil, "catalogue-signer", "want the public key that gateway catalogue keygen writes, 32 bytes in base64")
	want(len(signers) == 0 || text("catalogue") != "", "catalogue-signer", "it is for the file of --catalogue")
	want(text("traces") == "" || strings.HasPrefix(text("traces"), "http://") || strings.HasPrefix(text("traces"), "https://"), "traces",
		`a web address: "http://127.0.0.1:4318/v1/traces"`)
	percent, err := strconv.Atoi(text("traces-percent"))
	want(err == nil && percent >= 0 && percent <= 100, "traces-percent", "0 to 100")
	s.flags.VisitAll(func(f *pflag.Flag) {
		positive := f.Value.String() != "0" && f.Value.String() != "0s" && !strings.HasPrefix(f.Value.String(), "-")
		want(positive || !strings.HasPrefix(f.Name, "limit-"), f.Name, "more than nothing; leave it out for the usual limit")
		want(positive || !strings.HasPrefix(f.Name, "expire-"), f.Name, "more than nothing; leave it out for the usual deadline")
	})
	there("csca", "the issuers of cards: a PEM file, a folder of certificates, or ICAO's master list")
	there("catalogue", "gateway catalogue sign writes it")
	there("catalogue-key", "gateway catalogue keygen writes it")
}

// whereOf says where a setting was said.
func (s *settings) whereOf(name string) string {
	if where := s.origin[name]; where != "" {
		return where
	}
	return "--" + name
}

func hostPort(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}
