package sound

// The player: one sound after the other, through aplay.

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"time"
)

// Config says how to play. The zero value of each field is its default.
type Config struct {
	Device  string        // ALSA's name of the loudspeaker; default "default"
	Program string        // default "aplay"
	Limit   time.Duration // after which a sound that hangs is given up; default 3 s
}

// Player plays sounds. Its methods may be called from any goroutine.
type Player struct {
	cfg  Config
	wavs map[string][]byte
	next chan string
	log  *slog.Logger
}

// New makes a player. It is silent until Run.
func New(cfg Config, log *slog.Logger) *Player {
	if cfg.Device == "" {
		cfg.Device = "default"
	}
	if cfg.Program == "" {
		cfg.Program = "aplay"
	}
	if cfg.Limit <= 0 {
		cfg.Limit = 3 * time.Second
	}
	p := &Player{cfg: cfg, wavs: map[string][]byte{}, next: make(chan string, 1), log: log}
	for name, score := range Scores() {
		p.wavs[name] = score.WAV()
	}
	return p
}

// Play asks for a sound and does not wait for it. One that waits already gives
// way to it.
func (p *Player) Play(name string) {
	for {
		select {
		case p.next <- name:
			return
		default:
		}
		select {
		case <-p.next:
		default:
		}
	}
}

// Run plays until ctx ends.
func (p *Player) Run(ctx context.Context) error {
	ill := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case name := <-p.next:
			err := p.play(ctx, name)
			if err != nil && ctx.Err() == nil && !ill {
				p.log.Warn("a sound cannot be played; more of this is not told", "sound", name, "err", err)
			}
			ill = err != nil
		}
	}
}

func (p *Player) play(ctx context.Context, name string) error {
	wav, ok := p.wavs[name]
	if !ok {
		return fmt.Errorf("no sound is called %q", name)
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.cfg.Program, "--quiet", "--device="+p.cfg.Device, "-")
	cmd.Stdin = bytes.NewReader(wav)
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", p.cfg.Program, err, strings.TrimSpace(string(out)))
	}
	return nil
}
