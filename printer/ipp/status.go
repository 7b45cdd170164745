package ipp

// What the printer says of itself.

import (
	"strings"

	"github.com/OpenPrinting/goipp"

	"github.com/tserve/jolly/kiosk"
)

// Status is one answer about the printer. The zero value is "no answer".
type Status struct {
	Known     bool
	Stopped   bool     // printer-state 5
	Rejecting bool     // takes no jobs
	Reasons   []string // printer-state-reasons
}

// reasons are the beginnings of the registered words that mean something to us,
// the worst first (IANA registry "printer-state-reasons"; those of CUPS with
// their "cups-" are seen to elsewhere).
var reasons = []struct {
	prefix string
	state  kiosk.PrinterState
}{
	{"cover-open", kiosk.PrinterCoverOpen},
	{"door-open", kiosk.PrinterCoverOpen},
	{"interlock-open", kiosk.PrinterCoverOpen},
	{"input-tray-missing", kiosk.PrinterPaperOut},
	{"media-empty", kiosk.PrinterPaperOut},
	{"media-needed", kiosk.PrinterPaperOut},
	{"trimmer-jam", kiosk.PrinterCutter},
	{"trimmer-failure", kiosk.PrinterCutter},
	{"separation-cutter-jam", kiosk.PrinterCutter},
	{"separation-cutter-failure", kiosk.PrinterCutter},
	{"media-jam", kiosk.PrinterJam},
	{"marker-supply-empty", kiosk.PrinterJam},
	{"toner-empty", kiosk.PrinterJam},
	{"fuser-over-temp", kiosk.PrinterJam},
	{"output-area-full", kiosk.PrinterTicketIn},
	{"output-tray-missing", kiosk.PrinterTicketIn},
	{"offline", kiosk.PrinterOffline},
	{"paused", kiosk.PrinterOffline},
	{"moving-to-paused", kiosk.PrinterOffline},
	{"shutdown", kiosk.PrinterOffline},
	{"timed-out", kiosk.PrinterOffline},
	{"spool-area-full", kiosk.PrinterOffline},
	{"media-low", kiosk.PrinterNearEnd},
}

// State puts the words into the closed set of states, the worst first.
func (s Status) State() kiosk.PrinterState {
	if !s.Known {
		return kiosk.PrinterUnknown
	}
	found := kiosk.PrinterReady
	for _, r := range reasons {
		if s.says(r.prefix) {
			found = r.state
			break
		}
	}
	if found.CanPrint() && (s.Stopped || s.Rejecting) {
		return kiosk.PrinterOffline
	}
	return found
}

func (s Status) says(prefix string) bool {
	for _, r := range s.Reasons {
		if strings.HasPrefix(r, prefix) {
			return true
		}
	}
	return false
}

// lostSight says that a queue does not know what became of its printer's jobs.
func (s Status) lostSight() bool { return s.says("cups-ipp-missing-job-history") }

// String is the status for the log.
func (s Status) String() string {
	if !s.Known {
		return "no answer"
	}
	words := append([]string(nil), s.Reasons...)
	if s.Stopped {
		words = append(words, "(stopped)")
	}
	if s.Rejecting {
		words = append(words, "(takes no jobs)")
	}
	return strings.Join(words, " ")
}

// asked are the attributes of a printer that we look at.
var asked = []string{"printer-state", "printer-state-reasons", "printer-is-accepting-jobs"}

// offered are those and what it can do.
var offered = append([]string{
	"document-format-supported", "print-scaling-supported", "pwg-raster-document-resolution-supported", "pwg-raster-document-type-supported",
}, asked...)

func readStatus(as goipp.Attributes) Status {
	s := Status{
		Known:     true,
		Stopped:   number(as, "printer-state") == 5,
		Rejecting: offers(as, "printer-is-accepting-jobs", "false"),
	}
	for _, r := range values(as, "printer-state-reasons") {
		if r != "none" {
			s.Reasons = append(s.Reasons, r)
		}
	}
	return s
}

// The states of a job (RFC 8011, 5.3.7).
const (
	jobCanceled  = 7
	jobAborted   = 8
	jobCompleted = 9
)

// jobStatus is how a job stands.
type jobStatus struct {
	state   int
	reasons []string
	pages   int // counted by the printer; -1 is "not told"
}

// askedOfJob are the attributes of a job that we look at.
var askedOfJob = []string{"job-state", "job-state-reasons", "job-impressions-completed", "job-media-sheets-completed"}

func readJob(as goipp.Attributes) jobStatus {
	return jobStatus{
		state:   number(as, "job-state"),
		reasons: values(as, "job-state-reasons"),
		pages:   max(number(as, "job-impressions-completed"), number(as, "job-media-sheets-completed")),
	}
}

func (j jobStatus) over() bool { return j.state >= jobCanceled }

// doubtful says that "completed" is contradicted by its own reasons. The
// processing-to-stop-point of CUPS is none: it says that of every job.
func (j jobStatus) doubtful() bool {
	for _, r := range j.reasons {
		for _, bad := range []string{"job-canceled", "aborted", "job-completed-with-errors", "document-format-error"} {
			if strings.HasPrefix(r, bad) {
				return true
			}
		}
	}
	return false
}
