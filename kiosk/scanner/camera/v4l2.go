package camera

// The camera itself: Video for Linux 2, streaming into mapped buffers.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is asked for: the driver answers with the nearest that it has.
const (
	wantWidth  = 1280
	wantHeight = 960
	buffers    = 3
)

// Of linux/videodev2.h. The structures are written into byte slices at their
// offsets on 64-bit machines; their sizes are in the requests' numbers, so that
// a kernel of another layout refuses them.
const (
	vidiocQueryCap  = 0x80685600
	vidiocSFmt      = 0xc0d05605
	vidiocReqBufs   = 0xc0145608
	vidiocQueryBuf  = 0xc0585609
	vidiocQBuf      = 0xc058560f
	vidiocDQBuf     = 0xc0585611
	vidiocStreamOn  = 0x40045612
	vidiocStreamOff = 0x40045613

	typeCapture  = 1
	memoryMapped = 1
	capCapture   = 0x1
	capStreaming = 0x04000000
	capDevice    = 0x80000000

	formatGrey = 0x59455247 // "GREY": one byte a pixel
	formatYUYV = 0x56595559 // "YUYV": two bytes a pixel, the first of them grey
	formatMJPG = 0x47504a4d // "MJPG": a JPEG a frame, often without its Huffman tables
	formatJPEG = 0x4745504a // "JPEG": the same by another name

	sizeCap, sizeFormat, sizeRequest, sizeBuffer = 104, 208, 20, 88
	bufferFlagError                              = 0x40
)

// v4l2 is an opened camera that streams.
type v4l2 struct {
	fd     int
	mapped [][]byte
	format pixels
	gray   *image.Gray
}

// pixels is what the driver gives.
type pixels struct {
	width, height, stride, step int
	tables                      []byte // of JPEG frames; nil: the frames are pixels
}

func openV4L2(path string) (*v4l2, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	v := &v4l2{fd: fd}
	if err := v.start(); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v *v4l2) ioctl(request uintptr, arg []byte) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(v.fd), request, uintptr(unsafe.Pointer(&arg[0])))
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return errno
		}
		return nil
	}
}

// start asks for grey pictures, maps the buffers and lets the frames come.
func (v *v4l2) start() error {
	caps := make([]byte, sizeCap)
	if err := v.ioctl(vidiocQueryCap, caps); err != nil {
		return fmt.Errorf("ask what it can: %w", err)
	}
	can := word(caps, 84)
	if can&capDevice != 0 {
		can = word(caps, 88)
	}
	if can&capCapture == 0 || can&capStreaming == 0 {
		return errors.New("no camera that streams")
	}
	if err := v.choose(); err != nil {
		return err
	}
	if err := v.mapBuffers(); err != nil {
		return err
	}
	if err := v.ioctl(vidiocStreamOn, words(typeCapture)); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return nil
}

// choose sets the form of the frames.
func (v *v4l2) choose() error {
	for _, fourcc := range []uint32{formatGrey, formatYUYV, formatMJPG, formatJPEG} {
		f := make([]byte, sizeFormat)
		put(f, 0, typeCapture)
		put(f, 8, wantWidth)
		put(f, 12, wantHeight)
		put(f, 16, fourcc)
		if err := v.ioctl(vidiocSFmt, f); err != nil || word(f, 16) != fourcc {
			continue
		}
		var err error
		v.format, err = take(f)
		return err
	}
	return errors.New("has neither grey nor YUYV nor JPEG pictures")
}

// take makes the form of the frames of the driver's answer.
func take(f []byte) (pixels, error) {
	p := pixels{width: int(word(f, 8)), height: int(word(f, 12)), stride: int(word(f, 24)), step: 1}
	switch word(f, 16) {
	case formatYUYV:
		p.step = 2
	case formatMJPG, formatJPEG:
		tables, err := huffman()
		if err != nil {
			return p, err
		}
		p.stride, p.tables = p.width, tables
	}
	return p, p.check()
}

func (p pixels) check() error {
	if p.width < 1 || p.height < 1 || p.width > 1<<14 || p.height > 1<<14 || p.stride < p.width*p.step {
		return fmt.Errorf("frames of %d x %d with %d bytes a line", p.width, p.height, p.stride)
	}
	return nil
}

func (v *v4l2) mapBuffers() error {
	req := words(buffers, typeCapture, memoryMapped, 0, 0)
	if err := v.ioctl(vidiocReqBufs, req); err != nil {
		return fmt.Errorf("ask for buffers: %w", err)
	}
	for i := range word(req, 0) {
		b := bufferOf(i)
		if err := v.ioctl(vidiocQueryBuf, b); err != nil {
			return fmt.Errorf("ask for buffer %d: %w", i, err)
		}
		m, err := unix.Mmap(v.fd, int64(word(b, 64)), int(word(b, 72)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("map buffer %d: %w", i, err)
		}
		v.mapped = append(v.mapped, m)
		if err := v.ioctl(vidiocQBuf, b); err != nil {
			return fmt.Errorf("queue buffer %d: %w", i, err)
		}
	}
	return nil
}

// Next waits for a frame and copies its grey out, so that the driver gets its
// buffer back at once.
func (v *v4l2) Next(limit time.Duration) (*image.Gray, error) {
	fds := []unix.PollFd{{Fd: int32(v.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(limit.Milliseconds()))
	if errors.Is(err, unix.EINTR) || err == nil && n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("wait for a frame: %w", err)
	}
	b := bufferOf(0)
	if err := v.ioctl(vidiocDQBuf, b); err != nil {
		if errors.Is(err, unix.EAGAIN) {
			return nil, nil
		}
		return nil, fmt.Errorf("take a frame: %w", err)
	}
	i := word(b, 0)
	if int(i) >= len(v.mapped) {
		return nil, fmt.Errorf("frame in buffer %d of %d", i, len(v.mapped))
	}
	var out *image.Gray
	if word(b, 12)&bufferFlagError == 0 {
		v.gray = v.format.grey(v.mapped[i][:min(int(word(b, 8)), len(v.mapped[i]))], v.gray)
		out = v.gray
	}
	if err := v.ioctl(vidiocQBuf, b); err != nil {
		return nil, fmt.Errorf("give the frame back: %w", err)
	}
	return out, nil
}

// grey takes the grey of a frame into a picture that may be used again, nil
// for a frame that is not whole.
func (p pixels) grey(frame []byte, into *image.Gray) *image.Gray {
	if p.tables != nil {
		return p.unpack(frame)
	}
	if len(frame) < p.stride*(p.height-1)+p.width*p.step {
		return nil
	}
	if into == nil {
		into = image.NewGray(image.Rect(0, 0, p.width, p.height))
	}
	for y := range p.height {
		row := frame[y*p.stride:]
		for x := range p.width {
			into.Pix[y*into.Stride+x] = row[x*p.step]
		}
	}
	return into
}

// Close stops the frames and gives the memory back.
func (v *v4l2) Close() error {
	var errs []error
	if len(v.mapped) > 0 {
		errs = append(errs, v.ioctl(vidiocStreamOff, words(typeCapture)))
	}
	for _, m := range v.mapped {
		errs = append(errs, unix.Munmap(m))
	}
	v.mapped = nil
	return errors.Join(append(errs, unix.Close(v.fd))...)
}

// bufferOf is a v4l2_buffer that names one.
func bufferOf(index uint32) []byte {
	b := make([]byte, sizeBuffer)
	put(b, 0, index)
	put(b, 4, typeCapture)
	put(b, 60, memoryMapped)
	return b
}

func put(b []byte, at int, v uint32) { binary.NativeEndian.PutUint32(b[at:], v) }
func word(b []byte, at int) uint32   { return binary.NativeEndian.Uint32(b[at:]) }
func words(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}
