package dock

// Words for people beside the words of the API.

// label is how the page names a word of the API; a word without a label stands for itself.
func label(word string) string {
	if l, ok := labels()[word]; ok {
		return l
	}
	return word
}

func labels() map[string]string {
	return map[string]string{
		"approve": "Approve", "decline": "Decline", "late": "Answer 10 s late", "drop-after": "Lose the line after approval",
		"drop-before": "Lose the line before approval", "never": "Never answer", "nak": "Refuse the request", "wrong-lrc": "Garble the answer",
		"halves": "Answer in two pieces", "joined": "ACK and answer in one", "duplicate": "Answer twice", "other-amount": "Take another amount",
		"busy": "Be busy", "not-operative": "Be out of order", "no-ack": "Do not acknowledge", "deaf": "Do not listen",

		"bancomat": "Bancomat card", "credit": "Credit card", "empty": "Card without money", "dollars": "Foreign card",

		"pull": "Pull the paper", "refill": "New roll", "pull-after": "Pull it after … rows", "near-end": "Paper nearly over",
		"lose-confirmation": "Lose the confirmation", "drop-line": "Lose the line at the cut", "cover-open": "Open the cover",
		"cover-close": "Close the cover", "cutter-error": "Jam the cutter", "switch-off": "Switch off", "mend": "Mend everything",

		"open": "Open", "cut": "Cut", "swallow": "Swallow the answers", "silent": "Accept and never answer",
	}
}
