package ipp

// The messages: requests as IPP wants them, answers as we need them.

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/OpenPrinting/goipp"
)

// user is the name that our jobs go under: by it we find what was left behind.
const user = "jolly"

// request begins a message to a printer.
func (c *client) request(op goipp.Op) *goipp.Message {
	c.sequence++
	m := goipp.NewRequest(goipp.DefaultVersion, op, c.sequence)
	m.Operation.Add(goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	m.Operation.Add(goipp.MakeAttr("attributes-natural-language", goipp.TagLanguage, goipp.String("en")))
	m.Operation.Add(goipp.MakeAttr("printer-uri", goipp.TagURI, goipp.String(c.uri)))
	return m
}

// about begins a message about one job.
func (c *client) about(op goipp.Op, job int) *goipp.Message {
	m := c.request(op)
	m.Operation.Add(goipp.MakeAttr("job-id", goipp.TagInteger, goipp.Integer(job)))
	m.Operation.Add(goipp.MakeAttr("requesting-user-name", goipp.TagName, goipp.String(user)))
	return m
}

// keywords is requested-attributes.
func keywords(name string, words []string) goipp.Attribute {
	a := goipp.Attribute{Name: name}
	for _, w := range words {
		a.Values.Add(goipp.TagKeyword, goipp.String(w))
	}
	return a
}

// printJob is the job's message: a page of its exact size, not scaled.
func (c *client) printJob(j Job, format string, scaling bool) *goipp.Message {
	m := c.request(goipp.OpPrintJob)
	m.Operation.Add(goipp.MakeAttr("requesting-user-name", goipp.TagName, goipp.String(user)))
	m.Operation.Add(goipp.MakeAttr("job-name", goipp.TagName, goipp.String(j.Name)))
	m.Operation.Add(goipp.MakeAttr("ipp-attribute-fidelity", goipp.TagBoolean, goipp.Boolean(false)))
	m.Operation.Add(goipp.MakeAttr("document-format", goipp.TagMimeType, goipp.String(format)))
	m.Job.Add(goipp.MakeAttrCollection("media-col",
		goipp.MakeAttrCollection("media-size",
			goipp.MakeAttr("x-dimension", goipp.TagInteger, goipp.Integer(j.Width)),
			goipp.MakeAttr("y-dimension", goipp.TagInteger, goipp.Integer(j.Height)),
		)))
	if scaling {
		m.Job.Add(goipp.MakeAttr("print-scaling", goipp.TagKeyword, goipp.String("none")))
	}
	return m
}

// values are those of one attribute as text, nil when it is not there. A name
// that comes twice counts once, as it does for every other client.
func values(as goipp.Attributes, name string) []string {
	for _, a := range as {
		if a.Name != name {
			continue
		}
		var out []string
		for _, v := range a.Values {
			if s, ok := v.V.(goipp.String); ok {
				out = append(out, string(s))
				continue
			}
			out = append(out, v.V.String())
		}
		return out
	}
	return nil
}

// number is an attribute of one integer; -1 is "not told".
func number(as goipp.Attributes, name string) int {
	v := values(as, name)
	if len(v) == 0 {
		return -1
	}
	n, err := strconv.Atoi(v[0])
	if err != nil {
		return -1
	}
	return n
}

// offers says that an attribute holds a word.
func offers(as goipp.Attributes, name, word string) bool {
	return slices.Contains(values(as, name), word)
}

// refusal is an answer that is not "successful".
type refusal struct {
	op   goipp.Op
	code goipp.Status
	said string
}

func (r *refusal) Error() string {
	if r.said == "" {
		return fmt.Sprintf("%v: %v", r.op, r.code)
	}
	return fmt.Sprintf("%v: %v (%s)", r.op, r.code, r.said)
}
