package control

// What goes over the socket.

// Screen is the page that is shown, with the places of its actions in pixels of
// the window.
type Screen struct {
	Page     string   `json:"page"`
	Box      string   `json:"box,omitempty"`
	Serial   uint64   `json:"serial"`
	Title    string   `json:"title"`
	Text     []string `json:"text"`
	Language string   `json:"language"`
	Actions  []Action `json:"actions"`
}

// Action is one thing that can be touched.
type Action struct {
	ID       string  `json:"id"`
	Label    string  `json:"label"`
	Disabled bool    `json:"disabled"`
	X        float32 `json:"x"`
	Y        float32 `json:"y"`
	W        float32 `json:"w"`
	H        float32 `json:"h"`
}

// Payment is one payment of the running process.
type Payment struct {
	ID       string   `json:"id"`
	Ref      string   `json:"ref"`
	Phase    string   `json:"phase"`
	Step     string   `json:"step"`
	Outcome  string   `json:"outcome"`
	Reason   string   `json:"reason,omitempty"`
	Total    int64    `json:"totalCents"`
	STAN     string   `json:"stan"`
	Closings []string `json:"closings"`
}

// Device is what is known of one device.
type Device struct {
	Device string `json:"device"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Health is the state of the kiosk.
type Health struct {
	CanCharge    bool     `json:"canCharge"`
	SalesStopped bool     `json:"salesStopped"`
	Devices      []Device `json:"devices"`
}
