package flows

// What people of Prato type into the search, and the service that they mean.

import (
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/session"
)

// firstPage is the number of hits that stand on one page.
const firstPage = 7

func TestSearchFindsWhatPeopleMean(t *testing.T) {
	c := shipped(t)
	for lang, table := range map[kiosk.Language]map[string]string{
		kiosk.Italian: {
			"MULTA": "prato-multe", "MULTE": "prato-multe", "VIGILI": "prato-multe", "CONTRAVVENZIONE": "prato-multe", "MULTA PISA": "pisa-multe",
			"DIVIETO DI SOSTA": "prato-multe", "MENSA": "prato-mensa", "LA MENSA": "prato-mensa", "MENSA SCUOLA": "prato-mensa", "PASTI": "prato-mensa",
			"REFEZIONE": "prato-mensa", "BOLLO": "toscana-bollo", "BOLLO MACCHINA": "toscana-bollo", "BOLLO DEL MOTORI": "toscana-bollo", "AUTO": "toscana-bollo",
			"SPAZZATURA": "prato-tari", "IMMONDIZIA": "prato-tari", "TASSA RIFIUTI": "prato-tari", "TIA": "prato-tia", "ICI": "prato-imu", "CASA": "prato-imu",
			"ACQUA": "publiacqua-acqua", "BOLLETTA": "publiacqua-acqua", "AFFITTO": "epp-affitto", "CASE POPOLARI": "epp-affitto", "ASILO": "prato-nido",
			"SCUOLABUS": "prato-trasporto", "SCUOLA BUS": "prato-trasporto", "VIOLINO": "prato-strumenti", "ZTL": "prato-ztl-residenti", "VARCO": "prato-ztl-residenti",
			"PARCHEGGIO": "prato-sosta", "INVALIDI": "prato-ztl-disabili", "PASSO CARRAIO": "prato-passo-carrabile", "TAVOLINI": "prato-suolo",
			"INSEGNA": "prato-pubblicita", "PUBBLICITA": "prato-pubblicita", "BANCARELLA": "prato-mercato", "OSPEDALE": "usl-ticket", "ANALISI": "usl-ticket",
			"PRONTO SOCCORSO": "usl-pronto-soccorso", "DISDETTA": "usl-disdetta", "CARTA IDENTITA": "prato-carta-identita", "CARTA D IDENTITA": "prato-carta-identita",
			"NASCITA": "prato-certificati", "STATO FAMIGLIA": "prato-certificati", "MARCA DA BOLLO": "prato-segreteria", "CONDONO": "prato-edilizia",
			"NEGOZIO": "prato-suap", "CIMITERO": "prato-cimitero", "LUMINI": "prato-lampade", "SPOSARSI": "prato-matrimoni", "PISCINA": "prato-sport",
			"LIBRO": "prato-biblioteca", "PRETORIO": "prato-museo", "CANE": "prato-cani", "AUTOVELOX": "prato-foto", "HOTEL": "prato-soggiorno",
			// and how it is mistyped
			"MENZA": "prato-mensa", "MESNA": "prato-mensa", "BOLO": "toscana-bollo", "BOLLI": "toscana-bollo", "MULTTA": "prato-multe", "MUTLA": "prato-multe",
			"SPAZATURA": "prato-tari", "RIFIUTO": "prato-tari", "AQUA": "publiacqua-acqua", "AFITTO": "epp-affitto", "CIMITEROO": "prato-cimitero", "BIBLOTECA": "prato-biblioteca",
		},
		kiosk.English: {
			"FINE": "prato-multe", "TICKET": "prato-multe", "PARKING": "prato-sosta", "SCHOOL MEALS": "prato-mensa", "MEALS": "prato-mensa", "CANTEEN": "prato-mensa",
			"CAR TAX": "toscana-bollo", "ROAD TAX": "toscana-bollo", "PAY MY CAR TAX": "toscana-bollo", "WASTE": "prato-tari", "GARBAGE": "prato-tari", "RUBBISH": "prato-tari",
			"WATER": "publiacqua-acqua", "RENT": "epp-affitto", "NURSERY": "prato-nido", "KINDERGARTEN": "prato-nido", "SCHOOL BUS": "prato-trasporto",
			"ID CARD": "prato-carta-identita", "HOSPITAL": "usl-ticket", "DOCTOR": "usl-ticket", "DOG": "prato-cani", "LIBRARY": "prato-biblioteca",
			"MENSA": "prato-mensa", "BOLLO": "toscana-bollo", "SCHOL MEALS": "prato-mensa", "GARBIGE": "prato-tari",
		},
		kiosk.Chinese: {
			"FADAN": "prato-multe", "FA DAN": "prato-multe", "FAKUAN": "prato-multe", "CANFEI": "prato-mensa", "WUCAN": "prato-mensa", "CHELIANGSHUI": "toscana-bollo",
			"CHESHUI": "toscana-bollo", "CHE SHUI": "toscana-bollo", "QICHE": "toscana-bollo", "LAJI": "prato-tari", "LA JI FEI": "prato-tari", "SHUIFEI": "publiacqua-acqua",
			"FANGZU": "epp-affitto", "FANGCHANSHUI": "prato-imu", "YOUERYUAN": "prato-nido", "XIAOCHE": "prato-trasporto", "TINGCHE": "prato-sosta",
			"SHENFENZHENG": "prato-carta-identita", "ZHENGMING": "prato-certificati", "YIYUAN": "usl-ticket", "KANBING": "usl-ticket", "JIZHEN": "usl-pronto-soccorso",
			"SHANGDIAN": "prato-suap", "YINGYE": "prato-suap", "TUSHUGUAN": "prato-biblioteca", "MULTA": "prato-multe", "BOLLO": "toscana-bollo", "SHENFENZENG": "prato-carta-identita",
		},
	} {
		for text, want := range table {
			if len(text) > session.SearchLetters {
				t.Errorf("%s: %d letters, the field takes %d", text, len(text), session.SearchLetters)
			}
			hits := session.Search(c, lang, text).Services
			at := -1
			var got []string
			for i, h := range hits {
				got = append(got, h.ID)
				if h.ID == want {
					at = i
				}
			}
			if at < 0 || at >= firstPage {
				t.Errorf("%s %s: %s is not on the first page of %s", lang, text, want, strings.Join(got, " "))
			}
		}
	}
}

// Every service is found by its own name, as it stands on the page, in every
// language that our keys can type.
func TestEveryServiceIsFoundByItsName(t *testing.T) {
	c := shipped(t)
	for _, svc := range c.Services {
		for _, lang := range []kiosk.Language{kiosk.Italian, kiosk.English} {
			first := strings.ToUpper(strings.Fields(strings.NewReplacer("’", " ", "(", " ", ")", " ").Replace(svc.Name[lang]))[0])
			found := false
			for _, h := range session.Search(c, lang, first).Services {
				found = found || h.ID == svc.ID
			}
			if !found {
				t.Errorf("%s %s: not found by %q", svc.ID, lang, first)
			}
		}
	}
}
