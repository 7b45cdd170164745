package sim

// A file system of ISO 7816-4, as far as these cards have one.

import (
	"bytes"

	"github.com/tserve/jolly/cardreader/apdu"
)

// node is a directory or a file.
type node struct {
	id       uint16
	aid      []byte
	file     bool
	data     []byte
	parent   *node
	children []*node
}

func (n *node) add(child *node) *node {
	child.parent = n
	n.children = append(n.children, child)
	return child
}

func (n *node) dir(id uint16) *node { return n.add(&node{id: id}) }

func (n *node) ef(id uint16, data []byte) { n.add(&node{id: id, file: true, data: data}) }

func (n *node) child(id uint16) *node {
	for _, c := range n.children {
		if c.id == id && c.aid == nil {
			return c
		}
	}
	return nil
}

// files are the file system and where in it the card is.
type files struct {
	master *node
	apps   []*node
	dir    *node
	ef     *node
}

func (f *files) reset() { f.dir, f.ef = f.master, nil }

func (f *files) selectFile(c apdu.Command) apdu.Response {
	n := f.find(c)
	if n == nil {
		return apdu.Response{SW: apdu.SWFileNotFound}
	}
	if n.file {
		f.dir, f.ef = n.parent, n
	} else {
		f.dir, f.ef = n, nil
	}
	if c.P2&0x0C == 0x0C {
		return apdu.Response{SW: apdu.SWSuccess}
	}
	return apdu.Response{Data: n.describe(), SW: apdu.SWSuccess}
}

func (f *files) find(c apdu.Command) *node {
	switch c.P1 {
	case 0x00:
		if len(c.Data) == 2 {
			return f.byID(id(c.Data))
		}
	case 0x04:
		for _, app := range f.apps {
			if len(c.Data) > 0 && bytes.HasPrefix(app.aid, c.Data) {
				return app
			}
		}
	case 0x08:
		return walk(f.master, c.Data)
	case 0x09:
		return walk(f.dir, c.Data)
	}
	return nil
}

// byID finds what FID leads to: the master file, a child, a sibling, itself or
// the parent of the current directory.
func (f *files) byID(id uint16) *node {
	switch {
	case id == f.master.id:
		return f.master
	case f.dir.child(id) != nil:
		return f.dir.child(id)
	case f.dir.id == id && f.dir.aid == nil:
		return f.dir
	case f.dir.parent != nil && f.dir.parent.id == id:
		return f.dir.parent
	case f.dir.parent != nil:
		return f.dir.parent.child(id)
	}
	return nil
}

func walk(from *node, path []byte) *node {
	for n := from; len(path) >= 2; path = path[2:] {
		if n = n.child(id(path)); n == nil {
			return nil
		}
		if len(path) == 2 {
			return n
		}
	}
	return nil
}

func id(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

// describe is the FCI.
func (n *node) describe() []byte {
	kind, size := byte(0x38), 0
	if n.file {
		kind, size = 0x01, len(n.data)
	}
	var in []byte
	in = apdu.AppendTLV(in, 0x80, []byte{byte(size >> 8), byte(size)})
	in = apdu.AppendTLV(in, 0x82, []byte{kind})
	if n.aid != nil {
		in = apdu.AppendTLV(in, 0x84, n.aid)
	} else {
		in = apdu.AppendTLV(in, 0x83, []byte{byte(n.id >> 8), byte(n.id)})
	}
	return apdu.AppendTLV(nil, 0x6F, in)
}

// read answers READ BINARY. end says that fewer bytes were there than asked for.
func (f *files) read(c apdu.Command) (r apdu.Response, end bool) {
	switch {
	case f.ef == nil:
		return apdu.Response{SW: apdu.SWNoCurrentFile}, false
	case c.P1&0x80 != 0:
		return apdu.Response{SW: apdu.SWWrongP1P2}, false
	}
	offset := int(c.P1)<<8 | int(c.P2)
	if offset >= len(f.ef.data) {
		return apdu.Response{SW: apdu.SWOffset}, false
	}
	rest := f.ef.data[offset:]
	return apdu.Response{Data: rest[:min(c.Le, len(rest))], SW: apdu.SWSuccess}, c.Le > len(rest)
}
