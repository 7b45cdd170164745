package gateway

// The demonstration's debts that are found without a paper: by card and by form.

import (
	"hash/fnv"
	"strconv"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// tuscany collects the car tax.
const tuscany kiosk.CreditorCode = "01386030488"

// The invented citizens of the demonstration, the holders of the sample cards.
const (
	citizenCNS  kiosk.FiscalCode = "RSSMRA80A01G999F"
	citizenTS   kiosk.FiscalCode = "BNCLCU75C45G999Z"
	citizenCIE1 kiosk.FiscalCode = "VRDGPP62H12G999Z"
	citizenDH   kiosk.FiscalCode = "CHNLNG85M50Z210T"
	citizenECDH kiosk.FiscalCode = "NRELSN90T20G702S"
)

// SampleCitizens are the invented citizens who owe something.
func SampleCitizens() []kiosk.FiscalCode {
	return []kiosk.FiscalCode{citizenCNS, citizenTS, citizenCIE1, citizenDH, citizenECDH}
}

// citizenRows is what the sample citizens owe: bills of Prato and Pisa, school
// meals, waste, the car tax. One citizen owes a single bill, one more than one
// page of them.
func citizenRows() []sampleRow {
	var all []sampleRow
	for i, who := range SampleCitizens() {
		n := strconv.Itoa(i + 1)
		person := 7100_000_000_000 + i*1000
		add := func(r sampleRow) {
			r.debtor, r.base, r.name = who, person+len(all), r.name+"-"+n
			r.note = "owed by sample citizen " + n
			all = append(all, r)
		}
		add(sampleRow{name: "card-meals", subject: "Mensa scolastica, novembre 2026", service: "prato-mensa", paper: 6250 + kiosk.Amount(i)*175, days: 8})
		if who == citizenECDH {
			continue // a single bill
		}
		add(sampleRow{name: "card-tari", subject: "TARI 2026, seconda rata", instalment: "rata 2 di 2", service: "prato-tari",
			paper: 11240 + kiosk.Amount(i)*310, days: 23})
		add(sampleRow{name: "card-pisa", subject: "Multa 771" + n + "/2026, ridotta", service: "pisa-multe", creditor: pisa, paper: 2940 + kiosk.Amount(i)*100, days: 4})
		add(sampleRow{name: "card-car", subject: "Bollo auto, scadenza novembre 2026", service: "toscana-bollo", creditor: tuscany,
			paper: 18735 + kiosk.Amount(i)*1200, days: 9})
		if who == citizenTS { // more than one answer can hold
			for month := range 20 {
				add(sampleRow{name: "card-transport-" + strconv.Itoa(month+1), subject: "Trasporto scolastico, rata " + strconv.Itoa(month+1), service: "prato-trasporto",
					paper: 2150, days: 30 * (month + 1)})
			}
		}
	}
	return all
}

// CardSamples are the debts that a sample citizen's card finds.
func CardSamples() []Sample {
	var all []Sample
	for _, r := range citizenRows() {
		all = append(all, r.filled().sample())
	}
	return all
}

// serviceRows has one debt for each service of a catalogue: found by the
// examples of its form, by the first citizen's card, or on a paper.
func serviceRows(c *kiosk.Catalogue) []sampleRow {
	if c == nil {
		return nil
	}
	var all []sampleRow
	for i, s := range c.Services {
		mark := fnv.New32a()
		mark.Write([]byte(s.ID)) // never fails
		r := sampleRow{
			name: "service-" + s.ID, subject: s.Receipt.In(kiosk.Italian), service: s.ID, creditor: s.Creditor, base: 7200_000_000_000 + int(mark.Sum32()),
			paper: kiosk.Amount(1500 + mark.Sum32()%9000), days: 10 + i%20, note: "the sample of its service",
		}
		switch s.Find {
		case kiosk.FindByCard:
			r.debtor = citizenCNS
		case kiosk.FindByForm:
			r.fillForm(s)
		}
		all = append(all, r)
	}
	return all
}

// fillForm types the examples of a service's form, and takes the first options.
func (r *sampleRow) fillForm(s kiosk.Service) {
	typed := make([]kiosk.FormValue, len(s.Fields))
	for i, f := range s.Fields {
		typed[i] = kiosk.FormValue(f.Example)
		if f.Kind == kiosk.FieldChoice && len(f.Options) > 0 {
			typed[i] = kiosk.FormValue(f.Options[0].Value)
		}
	}
	values, _, err := notice.CheckForm(s, typed, kiosk.Date{})
	if err != nil {
		return // examples that do not fit their own form: the catalogue's check refuses them
	}
	for i, v := range values {
		r.form = append(r.form, v.Clear())
		if v == "" {
			continue
		}
		r.keys = append(r.keys, formKey{s.Fields[i].ID, v.Clear()})
		if cents, err := strconv.ParseInt(v.Clear(), 10, 64); err == nil && s.Fields[i].Kind == kiosk.FieldAmount {
			r.paper = kiosk.Cents(cents)
		}
	}
}

// ServiceSamples are the debts by which each service of the catalogue can be tried.
func ServiceSamples(c *kiosk.Catalogue) []Sample {
	var all []Sample
	for _, r := range serviceRows(c) {
		all = append(all, r.filled().sample())
	}
	return all
}
