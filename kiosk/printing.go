package kiosk

// The printer's closed set of states, and one receipt = one job.

// PrinterState is the condition of the printer, worst first where several hold.
type PrinterState string

// The states of the printer.
const (
	PrinterUnknown   PrinterState = "unknown"
	PrinterReady     PrinterState = "ready"
	PrinterNearEnd   PrinterState = "near-end"
	PrinterPaperOut  PrinterState = "paper-out"
	PrinterCoverOpen PrinterState = "cover-open"
	PrinterJam       PrinterState = "jam"
	PrinterCutter    PrinterState = "cutter"
	PrinterTicketIn  PrinterState = "ticket-in-presenter"
	PrinterOffline   PrinterState = "offline"
)

// CanPrint says that a job may be sent now.
func (s PrinterState) CanPrint() bool { return s == PrinterReady || s == PrinterNearEnd }

// PaperKind is what a paper is.
type PaperKind string

// The papers.
const (
	PaperReceipt  PaperKind = "receipt"  // closed: RICEVUTA DI PAGAMENTO
	PaperPending  PaperKind = "pending"  // charged, closing not known: ADDEBITO ESEGUITO, esito in corso di verifica
	PaperDoubtful PaperKind = "doubtful" // charge unknown
	PaperRefund   PaperKind = "refund"   // charged, a bill ended duplicate: rimborso dovuto
	PaperVoid     PaperKind = "void"     // surely not charged: annullato
)

// PrintResult is how a job ended.
type PrintResult string

// The ends of a print job. Printed is the device's own confirmation, not bytes
// sent; Unknown is that the confirmation was lost: the paper may be out.
const (
	PrintDone    PrintResult = "printed"
	PrintFailed  PrintResult = "failed"
	PrintUnknown PrintResult = "unknown"
)

// PrintReport is the answer to one job.
type PrintReport struct {
	Result PrintResult
	State  PrinterState
	Reason string
}

// Receipt is everything that can stand on a paper. It is filled from the
// journal, never from the screen.
type Receipt struct {
	Kind       PaperKind
	Payment    PaymentID
	Ref        string // the short code for the telephone, "7K4P-22"
	Number     string // receipt number: kiosk and sequence
	Language   Language
	At         Wall // of the operation
	Kiosk      string
	KioskPlace string
	Help       string // telephone of the help line
	HelpHours  string
	PSPName    string
	PSPCode    string // fiscal code of the PSP
	PublicURL  string // page of the receipt token, printed as a QR; "" prints none
	Bills      [MaxBills]ReceiptBill
	Count      int
	Fee        Amount
	Total      Amount
	Charge     ChargeResult
}

// ReceiptBill is one creditor's section of a receipt.
type ReceiptBill struct {
	Bill    Bill
	Service string // what was paid, in the catalogue's words and the receipt's language, or ""
	Desk    string // telephone and hours of the creditor's own help line, or ""
	Amount  Amount
	Fee     Amount
	Token   string // paymentToken
	Closing Closing
}
