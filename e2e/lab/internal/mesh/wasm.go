package mesh

// StatNamespaceModule returns a WebAssembly module that does nothing and that Envoy's proxy-wasm host accepts.
//
// Loading it is what matters: it makes Envoy register the stat namespace "wasmcustom", so that
// /stats/prometheus prints wasmcustom.istio_requests_total as istio_requests_total.
func StatNamespaceModule() []byte {
	module := []byte("\x00asm\x01\x00\x00\x00")
	module = append(module, wasmSection(1, wasmVector(wasmTypes()))...)
	module = append(module, wasmSection(3, wasmVector(wasmFunctionTypes()))...)
	module = append(module, wasmSection(5, wasmVector([][]byte{{0x00, 0x01}}))...) // memory of one page
	module = append(module, wasmSection(7, wasmVector(wasmExports()))...)
	module = append(module, wasmSection(10, wasmVector(wasmBodies()))...)
	return module
}

// Bodies of functions, without the list of locals and the end mark.
var (
	returnNothing []byte
	returnTrue    = []byte{0x41, 0x01}       // i32.const 1
	returnAddress = []byte{0x41, 0x80, 0x08} // i32.const 1024: any place in memory will do
)

// Indexes into wasmTypes.
const (
	typeVoid = iota
	typeOneToOne
	typeTwoToOne
	typeTwo
	typeOne
)

func wasmTypes() [][]byte {
	return [][]byte{
		typeVoid:     wasmFunctionType(0, 0),
		typeOneToOne: wasmFunctionType(1, 1),
		typeTwoToOne: wasmFunctionType(2, 1),
		typeTwo:      wasmFunctionType(2, 0),
		typeOne:      wasmFunctionType(1, 0),
	}
}

// The functions that the host asks for, and the marker of the interface's version.
var wasmFunctions = []struct {
	name string
	kind byte
	body []byte
}{
	{"proxy_abi_version_0_2_1", typeVoid, returnNothing},
	{"proxy_on_memory_allocate", typeOneToOne, returnAddress},
	{"proxy_on_context_create", typeTwo, returnNothing},
	{"proxy_on_vm_start", typeTwoToOne, returnTrue},
	{"proxy_on_configure", typeTwoToOne, returnTrue},
	{"proxy_on_done", typeOneToOne, returnTrue},
	{"proxy_on_log", typeOne, returnNothing},
	{"proxy_on_delete", typeOne, returnNothing},
}

func wasmFunctionTypes() [][]byte {
	var types [][]byte
	for _, f := range wasmFunctions {
		types = append(types, wasmNumber(int(f.kind)))
	}
	return types
}

func wasmExports() [][]byte {
	exports := [][]byte{append(wasmName("memory"), 0x02, 0x00)}
	for i, f := range wasmFunctions {
		export := append(wasmName(f.name), 0x00)
		exports = append(exports, append(export, wasmNumber(i)...))
	}
	return exports
}

func wasmBodies() [][]byte {
	var bodies [][]byte
	for _, f := range wasmFunctions {
		body := append([]byte{0x00}, f.body...) // no locals
		body = append(body, 0x0b)               // end
		bodies = append(bodies, append(wasmNumber(len(body)), body...))
	}
	return bodies
}

// wasmFunctionType is a function of 32-bit integers.
func wasmFunctionType(params, results int) []byte {
	integers := func(n int) []byte {
		var list [][]byte
		for range n {
			list = append(list, []byte{0x7f})
		}
		return wasmVector(list)
	}
	kind := append([]byte{0x60}, integers(params)...)
	return append(kind, integers(results)...)
}

func wasmSection(id byte, content []byte) []byte {
	section := append([]byte{id}, wasmNumber(len(content))...)
	return append(section, content...)
}

func wasmVector(items [][]byte) []byte {
	vector := wasmNumber(len(items))
	for _, item := range items {
		vector = append(vector, item...)
	}
	return vector
}

func wasmName(name string) []byte {
	return append(wasmNumber(len(name)), name...)
}

// wasmNumber is an unsigned LEB128 number: seven bits a byte, the lowest first.
func wasmNumber(n int) []byte {
	var out []byte
	for {
		low := byte(n & 0x7f)
		n >>= 7
		if n == 0 {
			return append(out, low)
		}
		out = append(out, low|0x80)
	}
}
