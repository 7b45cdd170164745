package ui

// The pages of the mockups, in three languages, for every test here.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
)

const nbsp = "\u00a0"

// words chooses by language.
type words kiosk.Language

func (l words) tr(it, en, zh string) string {
	switch kiosk.Language(l) {
	case kiosk.English:
		return en
	case kiosk.Chinese:
		return zh
	}
	return it
}

func (l words) frame(name, title string) page.Page {
	p := page.Page{Name: name, Serial: 1, Lang: kiosk.Language(l), Title: title}
	p.Header = page.Header{
		Body:    l.tr("Comune di Prato", "Comune di Prato", "普拉托市政府 Comune di"+nbsp+"Prato"),
		Service: l.tr("Sportello Jolly", "Jolly self-service", "Jolly 自助服务"), Arms: "arms",
	}
	for _, x := range kiosk.Languages() {
		p.Header.Languages = append(p.Header.Languages, page.Action{
			ID: "lang:" + string(x), Label: x.OwnName(), Active: x == p.Lang,
		})
	}
	p.Turning = page.Turning{
		ReadOn:   l.tr("Continua a leggere, {part} di {parts}", "Read on, {part} of {parts}", "继续阅读，{part} / {parts}"),
		ReadBack: l.tr("Indietro", "Back", "返回"),
	}
	p.Help = [6]page.Action{
		{ID: "help", Icon: "help", Label: l.tr("Aiuto", "Help", "帮助")},
		{ID: "large", Icon: "big", Label: l.tr("Testo grande", "Large text", "大字")},
		{ID: "contrast", Icon: "contrast", Label: l.tr("Contrasto", "Contrast", "高对比度")},
		{ID: "listen", Icon: "ear", Label: l.tr("Ascolta", "Listen", "朗读")},
		{ID: "lower", Icon: "lower", Label: l.tr("Più in basso", "Lower", "按钮下移")},
		{ID: "exit", Icon: "exit", Label: l.tr("Annulla ed esci", "Cancel and exit", "取消并退出")},
	}
	return p
}

func (l words) steps(n int) page.Steps {
	names := []string{
		l.tr("Avviso", "Notice", "缴费单"), l.tr("Controlla", "Check", "核对"),
		l.tr("Paga", "Pay", "付款"), l.tr("Ricevuta", "Receipt", "收据"),
	}
	return page.Steps{Now: n, Names: names, Label: fmt.Sprintf("%d %s 4 · %s", n, l.tr("di", "of", "/"), names[n-1])}
}

func (l words) euro(it, en string) string {
	return l.tr(it+nbsp+"€", "€"+en, en+nbsp+"欧元")
}

func (l words) back() page.Action {
	return page.Action{ID: "back", Label: l.tr("Indietro", "Back", "返回")}
}

func (l words) attract() page.Page {
	p := l.frame("attract", l.tr("Paga qui multe, tributi e servizi", "Pay fines, taxes and services here", "在此缴纳罚款、税费和服务费"))
	p.Hero = true
	p.Lead = l.tr("Puoi fermarti fino al pagamento.", "You can stop at any time until you pay.", "付款前可随时取消。")
	p.Choices = []page.Choice{
		{Icon: "scan", Recommended: true, Act: page.Action{ID: "scan"},
			Title: l.tr("Ho un avviso", "I have a notice", "我有缴费单（avviso）"),
			Text:  l.tr("Passa il codice sotto il lettore a destra, o tocca qui", "Hold its code under the reader on the right, or touch here", "请将二维码放到右侧读码器下方")},
		{Icon: "card", Act: page.Action{ID: "card"},
			Title: l.tr("Ho la CIE o la tessera sanitaria", "I have an Italian ID card (CIE) or health card", "我有意大利身份证（CIE）或医疗卡"),
			Text:  l.tr("Vedi che cosa hai da pagare", "See what you owe", "查看待缴款项")},
		{Icon: "search", Act: page.Action{ID: "search"},
			Title: l.tr("Cerco un servizio", "Find a service", "查找服务"),
			Text:  l.tr("Bollo auto, mensa, ZTL, TARI e altri 30", "Car tax, school meals, ZTL (restricted traffic), TARI (waste)", "车税（bollo）、垃圾税（TARI）、ZTL 限行区通行证等")},
	}
	p.Notes = []page.Note{{Tone: page.ToneInfo,
		Strong: l.tr("Niente contanti: carta o bancomat.", "Cards only, no cash.", "仅限银行卡，不收现金，不支持微信和支付宝。"),
		Text:   l.tr("Commissione da 1,00"+nbsp+"€ per avviso.", "Fee from €1.00 per notice.", "每张手续费 1.00"+nbsp+"欧元起。")}}
	return p
}

func (l words) bill() page.Page {
	p := l.frame("bill", l.tr("È questo l’avviso da pagare?", "Is this the notice to pay?", "您要支付的是这张缴费单吗？"))
	p.Steps = l.steps(2)
	p.Card = []page.Row{
		{Label: l.tr("A chi paghi", "Pay to", "收款单位"), Value: "Comune di Prato"},
		{Label: l.tr("Per che cosa", "For", "缴费项目"), Value: l.tr("TARI 2026, seconda rata", "TARI 2026 (waste), second instalment", "垃圾税（TARI）2026，第二期")},
		{Label: l.tr("Da pagare entro", "Pay by", "缴费期限"), Value: l.tr("30 settembre 2026 (scaduto)", "30 September 2026 (late)", "2026年9月30日（已逾期）")},
		{Label: l.tr("Codice avviso", "Notice number", "缴费单编号"), Value: "3020 0001 2345 6789 12"},
		{Label: l.tr("Importo, senza commissione", "Amount, without fee", "金额（不含手续费）"), Value: l.euro("86,40", "86.40"), Strong: true},
	}
	p.Notes = []page.Note{{Tone: page.ToneWarn, Icon: "info",
		Strong: l.tr("L’importo è cambiato.", "The amount has changed.", "金额已更新。"),
		Text: l.tr("Sul foglio c’è scritto 84,00"+nbsp+"€: si aggiungono 2,40"+nbsp+"€ per il ritardo.",
			"Your paper says €84.00: €2.40 was added for late payment.", "缴费单上为 84.00"+nbsp+"欧元，因逾期加收 2.40"+nbsp+"欧元。")}}
	p.Back = page.Action{ID: "other", Label: l.tr("No, è un altro", "No, another", "不是")}
	p.Main = page.Action{ID: "continue", Label: l.tr("Continua", "Continue", "继续"), Icon: "go", Style: page.StylePrimary}
	return p
}

func (l words) cart() page.Page {
	total := l.euro("173,80", "173.80")
	p := l.frame("cart", l.tr("Paghi "+total+" in tutto", "You pay "+total+" in all", "共需支付 "+total))
	p.Steps = l.steps(3)
	take := l.tr("Togli", "Remove", "移除")
	p.List = []page.Item{
		{Icon: "waste", Title: l.tr("TARI 2026, seconda rata", "TARI 2026, second instalment", "垃圾税（TARI）2026，第二期"), Sub: "Comune di Prato",
			Value: l.euro("86,40", "86.40"), Remove: page.Action{ID: "remove:0", Label: take}},
		{Icon: "fine", Title: l.tr("Multa 4471/2026, ridotta", "Fine 4471/2026, reduced", "罚单 4471/2026（减额）"),
			Sub: l.tr("Comune di Pisa, entro 5 giorni", "Comune di Pisa, within 5 days", "Comune di Pisa，5 天内"), Value: l.euro("85,40", "85.40"),
			Remove: page.Action{ID: "remove:1", Label: take}},
	}
	p.Totals = []page.Row{
		{Label: l.tr("Commissione, 1,00"+nbsp+"€ per avviso", "Fee, €1.00 per notice", "手续费，每张 1.00"+nbsp+"欧元"), Value: l.euro("2,00", "2.00")},
		{Label: l.tr("Totale", "Total", "合计"), Value: total, Strong: true},
	}
	p.Notes = []page.Note{{Tone: page.ToneInfo, Icon: "qr", Text: l.tr("Hai un altro avviso? **Passalo sotto il lettore:** si aggiunge qui. Fino a 5.",
		"Another notice? **Hold it under the reader:** it is added here. Up to 5.", "还有缴费单？**请放到读码器下方：**会自动加入，最多 5 张。")}}
	p.Back = l.back()
	p.Main = page.Action{ID: "pay", Label: l.tr("Paga ", "Pay ", "支付 ") + total, Icon: "go", Style: page.StylePay}
	return p
}

func (l words) terminal() page.Page {
	p := l.frame("terminal", l.tr("Avvicina o inserisci la carta nel lettore qui sotto", "Tap or insert your card in the reader below", "请在下方读卡器上感应或插入银行卡"))
	p.Steps = l.steps(3)
	p.Amount = l.euro("173,80", "173.80")
	p.Picture, p.Arrow = page.PictureTerminal, page.Below
	p.Notes = []page.Note{{Tone: page.ToneInfo, Text: l.tr("Il lettore dice: **Inserire o avvicinare carta**\nPer annullare premi il **tasto rosso** del lettore.",
		"The reader says: **Inserire o avvicinare carta** (insert or tap card)\nTo cancel, press the **red key** of the reader.",
		"读卡器显示：**Inserire o avvicinare carta**（插入或感应银行卡）\n取消请按读卡器上的**红色键**。")}}
	p.Help[5].Disabled = true
	p.Help[5].Label = l.tr("Annulla dal lettore", "Cancel on the reader", "请在读卡器上取消")
	return p
}

func (l words) paid() page.Page {
	total := l.euro("173,80", "173.80")
	p := l.frame("paid", l.tr("Hai pagato "+total, "You paid "+total, "已支付 "+total))
	p.Steps, p.Verdict = l.steps(4), page.ToneDone
	p.Lead = l.tr("Con la carta che finisce con 4471. Come vuoi la ricevuta?", "With the card ending in 4471. How would you like your receipt?", "使用尾号 4471 的银行卡。您需要哪种收据？")
	p.Choices = []page.Choice{
		{Icon: "print", Recommended: true, Title: l.tr("Su carta", "On paper", "纸质收据"), Text: l.tr("Esce qui sotto", "It comes out below", "从下方取出"), Act: page.Action{ID: "paper"}},
		{Icon: "qr", Title: l.tr("Sul telefono", "On my phone", "手机收据"), Text: l.tr("Inquadra un codice QR", "Scan a QR code", "扫描二维码"), Act: page.Action{ID: "phone"}},
		{Icon: "noprint", Title: l.tr("Non mi serve", "No receipt", "不需要"), Text: l.tr("Puoi chiederla dopo con il codice 7K4P-22", "You can ask for it later with the code 7K4P-22", "以后可凭代码 7K4P-22 索取"), Act: page.Action{ID: "none"}},
	}
	return p
}

func (l words) doubtful() page.Page {
	p := l.frame("doubtful", l.tr("Non sappiamo ancora se hai pagato", "We do not know yet whether you have paid", "尚不能确定您是否已付款"))
	p.Steps, p.Verdict = l.steps(4), page.ToneWarn
	p.Lead = l.tr("Il lettore di carte non ha risposto in tempo. **Non pagare di nuovo questi avvisi:** controlliamo noi con la banca.",
		"The card reader did not answer in time. **Do not pay these notices again:** we are checking with the bank.",
		"读卡器未及时响应。**请勿再次支付这些缴费单：**我们会与银行核实。")
	p.Card = []page.Row{
		{Label: l.tr("Se hai pagato", "If you paid", "如已付款"), Value: l.tr("vale come pagato oggi", "it counts as paid today", "以今日付款为准")},
		{Label: l.tr("Se non hai pagato", "If you did not", "如未付款"), Value: l.tr("non paghi: un importo bloccato torna libero", "you pay nothing: a blocked amount is released", "不会扣款：冻结金额将解除")},
		{Label: l.tr("Risposta entro", "Answer by", "答复期限"), Value: l.tr("lunedì 23 novembre, ore 12", "Monday 23 November, 12:00", "11月23日星期一 12:00")},
	}
	p.Code = page.Labelled{Label: l.tr("Il tuo codice", "Your code", "您的代码"), Value: "7K4P-22"}
	p.Notes = []page.Note{{Text: l.tr("Segui la pratica con il QR sul foglio, o chiama 0574"+nbsp+"000000 (8–18).",
		"Follow it with the QR code on the paper, or call 0574"+nbsp+"000000 (8–18).", "可扫描纸上的二维码查询，或致电 0574"+nbsp+"000000（8–18 时）。")}}
	p.Second = page.Action{ID: "qr", Label: l.tr("Vedi il QR", "Show QR", "查看二维码")}
	p.Main = page.Action{ID: "print", Label: l.tr("Stampa il foglio", "Print the paper", "打印凭条"), Icon: "print", Style: page.StylePrimary}
	return p
}

func (l words) keypad() page.Page {
	p := l.frame("keypad", l.tr("Scrivi il codice avviso", "Type the notice number", "请输入缴费单编号（Codice Avviso）"))
	p.Steps = l.steps(1)
	p.Lead = l.tr("Sono 18 cifre: guarda dove sono sul foglio.", "It has 18 digits: see where they are on the paper.", "共 18 位数字：请看纸上的位置。")
	p.Picture = page.PicturePaper
	p.Field = page.Field{Typed: "3020 0001 2345 67", Missing: "·· ··"}
	for i := 1; i <= 9; i++ {
		p.Keys = append(p.Keys, page.Key{Label: fmt.Sprint(i), Act: page.Action{ID: fmt.Sprintf("digit:%d", i)}})
	}
	p.Keys = append(p.Keys,
		page.Key{Label: l.tr("Cancella cifra", "Delete digit", "删除一位"), Wide: true, Act: page.Action{ID: "delete"}},
		page.Key{Label: "0", Act: page.Action{ID: "digit:0"}},
		page.Key{Label: l.tr("Cancella numero", "Clear number", "全部清除"), Wide: true, Act: page.Action{ID: "clear"}})
	p.Back = l.back()
	p.Main = page.Action{ID: "continue", Label: l.tr("Mancano 4 cifre", "4 digits missing", "还差 4 位"), Style: page.StylePrimary, Disabled: true}
	return p
}

func (l words) idle() page.Page {
	p := l.cart()
	p.Box = &page.Box{
		Name: "idle", Title: l.tr("Sei ancora qui?", "Are you still there?", "您还在吗？"), Countdown: 18,
		Lead: l.tr("Tra **18 secondi** cancelliamo tutto per proteggere i tuoi dati. Non hai pagato nulla.",
			"In **18 seconds** we delete everything to protect your data. You have paid nothing.",
			"**18 秒**后将清除所有内容以保护您的数据。您尚未付款。"),
		Back: page.Action{ID: "leave", Label: l.tr("Esci e cancella", "Exit and delete", "退出并清除")},
		Main: page.Action{ID: "stay", Label: l.tr("Continua", "Continue", "继续"), Style: page.StylePrimary},
	}
	return p
}

func (l words) services() page.Page {
	p := l.frame("services", l.tr("Che cosa vuoi pagare?", "What would you like to pay?", "您要缴纳什么？"))
	add := func(icon, title, text string) {
		p.Choices = append(p.Choices, page.Choice{Icon: icon, Title: title, Text: text, Act: page.Action{ID: "service:" + icon}})
	}
	add("car", l.tr("Bollo auto", "Car tax (bollo)", "车税（bollo）"), l.tr("Con la targa", "With the number plate", "凭车牌号"))
	add("fine", l.tr("Multe", "Fines", "罚款"), "Prato, Pisa, Livorno, Pistoia")
	add("waste", l.tr("Rifiuti (TARI)", "Waste (TARI)", "垃圾税（TARI）"), l.tr("Con il codice utente", "With the user code", "凭用户编号"))
	add("house", l.tr("Casa e tributi", "House and taxes", "房产与税费"), l.tr("IMU, passo carrabile, suolo pubblico", "IMU, driveway, public ground", "IMU、车道、公共用地"))
	add("school", l.tr("Scuola", "School", "学校"), l.tr("Mensa, trasporto, nido", "Meals, transport, nursery", "餐费、校车、托儿所"))
	add("health", l.tr("Salute", "Health", "医疗"), l.tr("Ticket sanitari", "Health tickets", "医疗费（ticket）"))
	add("gate", l.tr("Permessi ZTL e sosta", "ZTL permits and parking", "ZTL 限行区与停车许可"), l.tr("Residenti, ospiti, lavoro", "Residents, guests, work", "居民、访客、工作"))
	p.Back = l.back()
	p.Main = page.Action{ID: "more", Label: l.tr("Altri servizi, 1 di 3", "More services, 1 of 3", "更多服务，1 / 3"), Icon: "go", Style: page.StyleOutline}
	return p
}

func (l words) outoforder() page.Page {
	p := l.frame("outoforder", l.tr("Ora qui non puoi pagare", "You cannot pay here now", "此处暂时无法付款"))
	p.Verdict = page.ToneWarn
	p.Lead = l.tr("Manca il collegamento con la banca. Ci riproviamo da soli.", "There is no connection with the bank. We keep trying.", "与银行的连接中断。系统会自动重试。")
	p.Card = []page.Row{
		{Label: l.tr("Il Jolly più vicino", "Nearest Jolly", "最近的 Jolly"), Value: l.tr("Biblioteca, via Puccetti (a 300 metri)", "Library, via Puccetti (300 metres)", "图书馆，via Puccetti（300 米）")},
		{Label: l.tr("Sportello", "Desk", "服务窗口"), Value: l.tr("Comune, piazza del Comune, 9–13", "Town hall, piazza del Comune, 9–13", "市政府，piazza del Comune，9–13 时")},
	}
	p.Main = page.Action{ID: "mine", Label: l.tr("Vedi i tuoi avvisi", "See your notices", "查看您的缴费单"), Icon: "go", Style: page.StylePrimary}
	return p
}

// scan, phone, take and busy are pages of the list that have no mockup.
func (l words) scan() page.Page {
	p := l.frame("scan", l.tr("Passa l’avviso sotto il lettore", "Hold the notice under the reader", "请将缴费单放到读码器下方"))
	p.Steps = l.steps(1)
	p.Lead = l.tr("Il codice QR va verso il vetro. Il lettore è a destra.", "Turn the QR code to the glass. The reader is on the right.", "二维码朝向玻璃。读码器在右侧。")
	p.Picture, p.Arrow = page.PictureScan, page.Right
	p.Back = l.back()
	p.Main = page.Action{ID: "type", Label: l.tr("Scrivi il codice", "Type the number", "手动输入编号"), Icon: "keypad", Style: page.StyleOutline}
	return p
}

func (l words) phone() page.Page {
	p := l.frame("phone", l.tr("Inquadra il codice", "Scan the code", "请扫描二维码"))
	p.Steps = l.steps(4)
	p.Lead = l.tr("Con la fotocamera del telefono. La ricevuta resta lì 90 giorni.", "With your phone’s camera. The receipt stays there for 90 days.", "请使用手机相机。收据保留 90 天。")
	p.QR = "https://jolly.comune.prato.it/r/7K4P-22-9Q2XJ7"
	p.Back = l.back()
	p.Main = page.Action{ID: "done", Label: l.tr("Ho fatto", "Done", "完成"), Style: page.StylePrimary}
	return p
}

func (l words) take() page.Page {
	p := l.frame("take", l.tr("Prendi la ricevuta", "Take your receipt", "请取走收据"))
	p.Steps, p.Verdict = l.steps(4), page.ToneDone
	p.Picture, p.Arrow = page.PictureTake, page.Below
	p.Main = page.Action{ID: "done", Label: l.tr("Ho fatto", "Done", "完成"), Style: page.StylePrimary}
	return p
}

func (l words) busy() page.Page {
	p := l.frame("printing", l.tr("Stampiamo la ricevuta", "Printing your receipt", "正在打印收据"))
	p.Steps = l.steps(4)
	p.Lead = l.tr("Ancora un momento.", "One more moment.", "请稍候。")
	p.Bar = page.Progress{Done: 2, Of: 5}
	p.Picture, p.Arrow = page.PicturePrinter, page.Left
	p.Help[5].Disabled = true
	p.Help[5].Label = l.tr("Tra poco puoi uscire", "Exit in a moment", "稍后可退出")
	return p
}

// long is a bill with names of 70 characters and more rows than usual.
func (l words) long() page.Page {
	p := l.bill()
	p.Name = "long"
	p.Header.Body = "Unione dei Comuni della Val di Bisenzio, Montemurlo e Carmignano Nord"
	p.Card[0].Value = "Consorzio di Bonifica 3 Medio Valdarno e Società Risorse S.p.A. Prato"
	p.Card[1].Value = "Ghibellinaschiavonettacampofiorenzuolastrabordonecchi2026secondarataabc"
	p.Card = append(p.Card[:4:4], page.Row{Label: "Numero di iscrizione del contribuente", Value: "A-2026/000123456789"}, p.Card[4])
	p.Card[5].Value = l.euro("999.999,99", "999,999.99")
	p.Notes = append(p.Notes, page.Note{Tone: page.ToneBad, Strong: "Attenzione.", Text: "Questo avviso è già nel carrello di un altro sportello della rete: tra dieci minuti torna libero."})
	return p
}

// full is a cart of five bills with long names.
func (l words) full() page.Page {
	p := l.cart()
	p.Name = "full"
	p.List = nil
	for i := range 5 {
		p.List = append(p.List, page.Item{
			Icon: "fine", Title: fmt.Sprintf("Multa 44%d1/2026, ridotta del trenta per cento", i), Sub: "Consorzio Polizia Municipale Medio Valdarno e Val di Bisenzio di Prato",
			Value: l.euro("1.085,40", "1,085.40"), Remove: page.Action{ID: fmt.Sprintf("remove:%d", i), Label: l.tr("Togli", "Remove", "移除")},
		})
	}
	p.Second = page.Action{ID: "add", Label: l.tr("Aggiungi un avviso", "Add a notice", "添加缴费单")}
	return p
}

func samples(lang kiosk.Language) []page.Page {
	l := words(lang)
	return []page.Page{
		l.attract(), l.bill(), l.cart(), l.terminal(), l.paid(), l.doubtful(), l.keypad(), named("idle", l.idle()), l.services(), l.outoforder(),
		l.scan(), l.phone(), l.take(), l.busy(), l.long(), l.full(),
	}
}

func named(name string, p page.Page) page.Page {
	p.Name = name
	return p
}
