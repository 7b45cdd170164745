package gateway

// The citizen's page: how a payment stands, in three languages, without a login.

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"regexp"

	"github.com/go-chi/chi/v5"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

//go:embed pages/receipt.html
var pages embed.FS

var receiptToken = regexp.MustCompile(`^[a-z2-7]{26}$`)

// Receipt is how the payment behind a receipt token stands. It says what was
// paid to whom, and nothing of who paid or for what.
func (s *Store) Receipt(ctx context.Context, token string) (api.Receipt, error) {
	p, bills, err := s.snapshot(ctx, func(q queryer) (payment, error) { return loadByReceipt(ctx, q, token) })
	if errors.Is(err, sql.ErrNoRows) {
		return api.Receipt{}, refuse(api.ProblemCodeReceiptUnknown, "")
	}
	if err != nil {
		return api.Receipt{}, fmt.Errorf("read receipt: %w", err)
	}
	names, err := s.creditorNames(ctx)
	if err != nil {
		return api.Receipt{}, err
	}
	receipt := api.Receipt{State: receiptState(p, bills), Ref: p.ref, Bills: []api.ReceiptBill{}, Fee: int64(p.fee), Total: int64(p.total)}
	if p.state == outcome.Paid {
		receipt.PaidAt = p.closedAt.UTC()
	}
	for _, b := range bills {
		receipt.Bills = append(receipt.Bills, api.ReceiptBill{
			Creditor: b.creditor, CreditorName: names[b.creditor], Iuv: b.iuv, Amount: int64(b.amount), Fee: int64(b.fee),
			Closing: api.Closing(b.closing),
		})
	}
	return receipt, nil
}

func (s *Store) creditorNames(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var code, name string
		err := rows.Scan(&code, &name)
		names[code] = name
		return err
	}, "SELECT code, name FROM creditors")
	if err != nil {
		return nil, fmt.Errorf("read creditors: %w", err)
	}
	return names, nil
}

func receiptState(p payment, bills []paymentBill) api.ReceiptState {
	switch p.state {
	case outcome.Paid:
		state := api.ReceiptStatePaid
		for _, b := range bills {
			switch b.closing {
			case kiosk.ClosingOK:
			case kiosk.ClosingOpen:
				state = api.ReceiptStateCharged
			default:
				return api.ReceiptStateRefundDue
			}
		}
		return state
	case outcome.Doubtful:
		return api.ReceiptStateInVerification
	case outcome.NotPaid:
		return api.ReceiptStateNotPaid
	default:
		return api.ReceiptStateOpen
	}
}

// receiptWords are the words of one language of the page.
type receiptWords struct {
	Lang, Title, Text, Creditor, IUV, Amount, Fee, Total, Code, At, Duplicate, When string
}

// receiptTitles are the verdict and its sentence by state, in the order of [kiosk.Languages].
var receiptTitles = map[api.ReceiptState][3][2]string{
	api.ReceiptStatePaid: {
		{"Pagamento eseguito", "L’ente ha ricevuto il pagamento."},
		{"Payment made", "The creditor has received the payment."},
		{"付款成功", "收款单位已收到款项。"},
	},
	api.ReceiptStateCharged: {
		{"Addebito eseguito", "La carta è stata addebitata. L’esito presso l’ente è in corso di verifica: non pagare di nuovo."},
		{"Card charged", "Your card was charged. The creditor is confirming the payment: do not pay again."},
		{"已扣款", "您的银行卡已扣款，正在等待收款单位确认，请勿重复支付。"},
	},
	api.ReceiptStateRefundDue: {
		{"Rimborso dovuto", "Un avviso era già stato pagato da altri: quanto hai pagato in più ti sarà rimborsato. Conserva il tuo codice."},
		{"Refund due", "One notice had already been paid: what you paid twice will be refunded. Keep your code."},
		{"应予退款", "其中一张缴费单已由他人支付，多付的款项将退还给您。请保留您的编号。"},
	},
	api.ReceiptStateInVerification: {
		{"Stiamo verificando", "Non sappiamo ancora se la carta è stata addebitata. Non pagare di nuovo: controlliamo con la banca."},
		{"We are checking", "We do not know yet whether your card was charged. Do not pay again: we are checking with the bank."},
		{"正在核实", "尚不清楚您的银行卡是否已扣款。请勿重复支付，我们正在与银行核实。"},
	},
	api.ReceiptStateNotPaid: {
		{"Non pagato", "Il pagamento non è stato eseguito e non è stato addebitato nulla."},
		{"Not paid", "The payment was not made and nothing was charged."},
		{"未付款", "付款未完成，未扣款。"},
	},
	api.ReceiptStateOpen: {
		{"In attesa dell’esito", "Lo sportello non ci ha ancora comunicato l’esito. Riprova più tardi."},
		{"Waiting for the result", "The kiosk has not told us the result yet. Try again later."},
		{"等待结果", "自助机尚未通知结果，请稍后再试。"},
	},
}

var receiptLabels = [3]receiptWords{
	{Lang: "it", Creditor: "A chi", IUV: "Codice IUV", Amount: "Importo", Fee: "Commissione", Total: "Totale", Code: "Il tuo codice", At: "Data e ora",
		Duplicate: "da rimborsare"},
	{Lang: "en", Creditor: "Paid to", IUV: "IUV code", Amount: "Amount", Fee: "Fee", Total: "Total", Code: "Your code", At: "Date and time",
		Duplicate: "to be refunded"},
	{Lang: "zh", Creditor: "收款单位", IUV: "IUV 编号", Amount: "金额", Fee: "手续费", Total: "合计", Code: "您的编号", At: "日期和时间", Duplicate: "待退款"},
}

type receiptPage struct {
	Receipt  api.Receipt
	Sections []receiptWords
}

// Money writes an amount as it is written in the section's language.
func (w receiptWords) Money(cents int64) string {
	switch w.Lang {
	case "en":
		return fmt.Sprintf("€%d.%02d", cents/100, cents%100)
	case "zh":
		return fmt.Sprintf("%d.%02d 欧元", cents/100, cents%100)
	default:
		return fmt.Sprintf("%d,%02d €", cents/100, cents%100)
	}
}

// receiptTimes are the layouts of a moment, in the order of [kiosk.Languages].
var receiptTimes = [3]string{"02/01/2006, 15:04", "2 January 2006, 15:04", "2006年1月2日 15:04"}

func (s *Store) receiptPage(r api.Receipt) receiptPage {
	page := receiptPage{Receipt: r}
	for i, words := range receiptLabels {
		words.Title, words.Text = receiptTitles[r.State][i][0], receiptTitles[r.State][i][1]
		if !r.PaidAt.IsZero() {
			words.When = r.PaidAt.In(s.rome).Format(receiptTimes[i])
		}
		page.Sections = append(page.Sections, words)
	}
	return page
}

// receipt serves the page, or the same as data.
func (h *handler) receipt(w http.ResponseWriter, r *http.Request) {
	if often := h.pages.tooOften(address(r)); often != nil {
		h.problem(w, often)
		return
	}
	token, format := chi.URLParam(r, "token"), r.URL.Query().Get("format")
	if !receiptToken.MatchString(token) {
		h.problem(w, refuse(api.ProblemCodeReceiptUnknown, ""))
		return
	}
	if format != "" && format != "html" && format != "json" {
		h.problem(w, refuse(api.ProblemCodeRequestInvalid, "format is html or json"))
		return
	}
	receipt, err := h.store.Receipt(r.Context(), token)
	if err != nil || format == "json" {
		h.answer(w, r, receipt, err)
		return
	}
	h.html(w, r, h.store.receiptPage(receipt))
}

func (h *handler) html(w http.ResponseWriter, r *http.Request, page receiptPage) {
	t, err := template.ParseFS(pages, "pages/receipt.html")
	if err != nil {
		h.fail(w, r, err)
		return
	}
	var b bytes.Buffer
	if err := t.Execute(&b, page); err != nil {
		h.fail(w, r, err)
		return
	}
	for name, value := range map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "no-referrer",
		"X-Robots-Tag":            "noindex",
	} {
		w.Header().Set(name, value)
	}
	h.write(w, http.StatusOK, b.Bytes())
}
