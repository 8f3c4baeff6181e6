package mesh

import (
	"bytes"
	"testing"
)

func TestStatNamespaceModuleIsAWellFormedModule(t *testing.T) {
	module := StatNamespaceModule()
	header := []byte("\x00asm\x01\x00\x00\x00")
	if !bytes.HasPrefix(module, header) {
		t.Fatalf("module begins with % x", module[:8])
	}
	var ids []byte
	for rest := module[len(header):]; len(rest) > 0; {
		id, size, width := rest[0], 0, 1
		for shift := 0; ; shift += 7 {
			size |= int(rest[width]&0x7f) << shift
			width++
			if rest[width-1]&0x80 == 0 {
				break
			}
		}
		if width+size > len(rest) {
			t.Fatalf("section %d reaches %d bytes behind the end", id, width+size-len(rest))
		}
		ids = append(ids, id)
		rest = rest[width+size:]
	}
	if want := []byte{1, 3, 5, 7, 10}; !bytes.Equal(ids, want) {
		t.Errorf("sections are %v, want %v", ids, want)
	}
	for _, name := range []string{"memory", "proxy_abi_version_0_2_1", "proxy_on_memory_allocate", "proxy_on_vm_start", "proxy_on_configure"} {
		if !bytes.Contains(module, append([]byte{byte(len(name))}, name...)) {
			t.Errorf("module does not export %s", name)
		}
	}
}

func TestWasmNumberIsLEB128(t *testing.T) {
	tests := map[string]struct {
		number int
		want   []byte
	}{
		"zero is one byte":             {0, []byte{0}},
		"the largest number of one":    {127, []byte{0x7f}},
		"the smallest number of two":   {128, []byte{0x80, 0x01}},
		"the standard's own example":   {624485, []byte{0xe5, 0x8e, 0x26}},
		"the smallest number of three": {16384, []byte{0x80, 0x80, 0x01}},
		"the largest number of two":    {16383, []byte{0xff, 0x7f}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := wasmNumber(tc.number); !bytes.Equal(got, tc.want) {
				t.Errorf("wasmNumber(%d) = % x, want % x", tc.number, got, tc.want)
			}
		})
	}
}
