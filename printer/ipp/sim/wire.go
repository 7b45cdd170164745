package sim

// The wire: IPP messages answered.

import (
	"bytes"
	"io"
	"net/http"
	"slices"

	"github.com/OpenPrinting/goipp"
)

// maxJob bounds what one job may be.
const maxJob = 64 << 20

// ServeHTTP answers one message.
func (p *Printer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxJob))
	if err != nil {
		return
	}
	p.mu.Lock()
	silent, gone := p.cond.Silent, p.cond.Offline
	p.mu.Unlock()
	if gone { // its server is being closed
		panic(http.ErrAbortHandler)
	}
	if silent {
		<-r.Context().Done()
		return
	}
	var m goipp.Message
	rest := bytes.NewReader(body)
	if err := m.Decode(rest); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	doc := body[len(body)-rest.Len():]
	p.mu.Lock()
	answer := p.answer(&m, doc)
	lost := p.cond.LoseAnswer && goipp.Op(m.Code) == goipp.OpPrintJob
	p.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	data, err := answer.EncodeBytes()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", goipp.ContentType)
	_, _ = w.Write(data)
}

// answer does what is asked. p.mu is held.
func (p *Printer) answer(m *goipp.Message, doc []byte) *goipp.Message {
	reply := func(s goipp.Status) *goipp.Message {
		out := goipp.NewResponse(m.Version, s, m.RequestID)
		out.Operation.Add(goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
		out.Operation.Add(goipp.MakeAttr("attributes-natural-language", goipp.TagLanguage, goipp.String("en")))
		return out
	}
	switch goipp.Op(m.Code) {
	case goipp.OpGetPrinterAttributes:
		out := reply(goipp.StatusOk)
		out.Printer = p.attributes()
		return out
	case goipp.OpPrintJob:
		if !slices.Contains(p.formats(), format(m)) {
			return reply(goipp.StatusErrorDocumentFormatNotSupported)
		}
		j := p.take(m, doc)
		out := reply(goipp.StatusOk)
		out.Job = p.describe(j)
		return out
	case goipp.OpGetJobs:
		return p.list(reply(goipp.StatusOk))
	}
	id, _ := first(m.Operation, "job-id").(goipp.Integer)
	if id < 1 || int(id) > len(p.jobs) {
		return reply(goipp.StatusErrorNotFound)
	}
	j := p.jobs[id-1]
	switch goipp.Op(m.Code) {
	case goipp.OpGetJobAttributes:
		out := reply(goipp.StatusOk)
		out.Job = p.describe(j)
		return out
	case goipp.OpCancelJob:
		if p.cond.Stubborn {
			return reply(goipp.StatusErrorNotPossible)
		}
		p.end(j)
		return reply(goipp.StatusOk)
	}
	return reply(goipp.StatusErrorOperationNotSupported)
}

// list answers Get-Jobs: the jobs that are not over. p.mu is held.
func (p *Printer) list(out *goipp.Message) *goipp.Message {
	out.Groups = goipp.Groups{{Tag: goipp.TagOperationGroup, Attrs: out.Operation}}
	for _, j := range p.jobs {
		if j.state < canceled {
			out.Groups.Add(goipp.Group{Tag: goipp.TagJobGroup, Attrs: p.describe(j)})
		}
	}
	return out
}

// formats are those that it takes. p.mu is held.
func (p *Printer) formats() (all []string) {
	if !p.cond.NoPDF {
		all = append(all, "application/pdf")
	}
	if !p.cond.NoRaster {
		all = append(all, "image/pwg-raster")
	}
	return append(all, "image/jpeg")
}

// format is what a job says that its document is.
func format(m *goipp.Message) string {
	s, _ := first(m.Operation, "document-format").(goipp.String)
	return string(s)
}

// take queues a job. p.mu is held.
func (p *Printer) take(m *goipp.Message, doc []byte) *job {
	j := &job{id: len(p.jobs) + 1, state: pending}
	j.paper.Format, j.paper.Document = format(m), append([]byte(nil), doc...)
	if s, ok := first(m.Operation, "job-name").(goipp.String); ok {
		j.paper.Name = string(s)
	}
	if s, ok := first(m.Job, "print-scaling").(goipp.String); ok {
		j.paper.Scaling = string(s)
	}
	if col, ok := first(m.Job, "media-col").(goipp.Collection); ok {
		if size, ok := first(goipp.Attributes(col), "media-size").(goipp.Collection); ok {
			x, _ := first(goipp.Attributes(size), "x-dimension").(goipp.Integer)
			y, _ := first(goipp.Attributes(size), "y-dimension").(goipp.Integer)
			j.paper.Width, j.paper.Height = int(x), int(y)
		}
	}
	p.jobs = append(p.jobs, j)
	p.ring()
	return j
}

// describe are a job's attributes. p.mu is held.
func (p *Printer) describe(j *job) goipp.Attributes {
	var as goipp.Attributes
	as.Add(goipp.MakeAttr("job-id", goipp.TagInteger, goipp.Integer(j.id)))
	as.Add(goipp.MakeAttr("job-state", goipp.TagEnum, goipp.Integer(j.state)))
	as.Add(goipp.MakeAttr("job-state-reasons", goipp.TagKeyword, goipp.String("none")))
	if !p.cond.LoseCount {
		as.Add(goipp.MakeAttr("job-impressions-completed", goipp.TagInteger, goipp.Integer(j.pages)))
	}
	return as
}

// attributes are the printer's. p.mu is held.
func (p *Printer) attributes() goipp.Attributes {
	var words []goipp.Value
	say := func(on bool, word string) {
		if on {
			words = append(words, goipp.String(word))
		}
	}
	say(p.cond.NearEnd, "media-low-report")
	say(p.cond.PaperOut, "media-empty-warning")
	say(p.cond.PaperOut, "media-needed-warning")
	say(p.cond.CoverOpen, "cover-open-error")
	say(p.cond.Jam, "media-jam-error")
	say(p.cond.Cutter, "trimmer-jam-error")
	say(p.cond.LoseSight, "cups-ipp-missing-job-history")
	say(len(words) == 0, "none")
	state := 3 // idle, and it stays "processing" without paper, as ippeveprinter does
	for _, j := range p.jobs {
		if j.state < canceled {
			state = 4
		}
	}
	var as goipp.Attributes
	as.Add(goipp.MakeAttr("printer-state", goipp.TagEnum, goipp.Integer(state)))
	as.Add(goipp.MakeAttr("printer-state-reasons", goipp.TagKeyword, words[0], words[1:]...))
	as.Add(goipp.MakeAttr("printer-is-accepting-jobs", goipp.TagBoolean, goipp.Boolean(true)))
	formats := goipp.Attribute{Name: "document-format-supported"}
	for _, f := range p.formats() {
		formats.Values.Add(goipp.TagMimeType, goipp.String(f))
	}
	as.Add(formats)
	as.Add(goipp.MakeAttr("pwg-raster-document-type-supported", goipp.TagKeyword, goipp.String("srgb_8"), goipp.String("sgray_8"), goipp.String("black_1")))
	as.Add(goipp.MakeAttr("pwg-raster-document-resolution-supported", goipp.TagResolution,
		goipp.Resolution{Xres: 600, Yres: 600, Units: goipp.UnitsDpi}, goipp.Resolution{Xres: 203, Yres: 203, Units: goipp.UnitsDpi}))
	as.Add(goipp.MakeAttr("print-scaling-supported", goipp.TagKeyword, goipp.String("auto"), goipp.String("none")))
	return as
}

// first is an attribute's first value, nil when it is not there.
func first(as goipp.Attributes, name string) goipp.Value {
	for _, a := range as {
		if a.Name == name && len(a.Values) > 0 {
			return a.Values[0].V
		}
	}
	return nil
}
