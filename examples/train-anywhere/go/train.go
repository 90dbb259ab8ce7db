// Trains a saved step on recorded inputs: go run . RUN INPUTS OUT, with the path of onnxruntime's library in ONNXRUNTIME_LIB.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"
)

// Training is what the loop needs of "training" in a run's manifest.json.
type Training struct {
	State struct{ File string }
	Steps map[string]struct {
		File       string
		HostInputs []struct {
			Name, Kind string
			Shape      []int64
			Value      float32
		}
		Reads, Metrics []string
		Assigns        map[string]string
	}
}

// Entry is an array in the header of a safetensors file.
type Entry struct {
	Dtype   string
	Shape   []int64
	Offsets [2]int `json:"data_offsets"`
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// readArrays gives a safetensors file's header as it is, its entries, and the bytes after it.
func readArrays(path string) ([]byte, map[string]Entry, []byte) {
	data, err := os.ReadFile(path)
	check(err)
	start := 8 + binary.LittleEndian.Uint64(data)
	entries := map[string]Entry{}
	check(json.Unmarshal(data[8:start], &entries))
	delete(entries, "__metadata__")
	return data[:start], entries, data[start:]
}

func tensor(dtype string, shape []int64, bytes []byte) (value ort.Value) {
	var err error
	number := func() uint32 { return binary.LittleEndian.Uint32(bytes) }
	types := map[string]ort.TensorElementDataType{"F32": ort.TensorElementDataTypeFloat, "I32": ort.TensorElementDataTypeInt32}
	switch {
	case len(shape) > 0:
		value, err = ort.NewCustomDataTensor(shape, bytes, types[dtype])
	case dtype == "F32":
		value, err = ort.NewScalar(math.Float32frombits(number()))
	default:
		value, err = ort.NewScalar(int32(number()))
	}
	check(err)
	return value
}

func bytesOf(value ort.Value) []byte {
	switch value := value.(type) {
	case *ort.Scalar[float32]:
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(value.GetData()))
	case *ort.Scalar[int32]:
		return binary.LittleEndian.AppendUint32(nil, uint32(value.GetData()))
	default:
		return value.(*ort.CustomDataTensor).GetData()
	}
}

func main() {
	run, inputs, out := os.Args[1], os.Args[2], os.Args[3]
	ort.SetSharedLibraryPath(os.Getenv("ONNXRUNTIME_LIB"))
	check(ort.InitializeEnvironment())
	text, err := os.ReadFile(filepath.Join(run, "manifest.json"))
	check(err)
	var manifest struct{ Training Training }
	check(json.Unmarshal(text, &manifest))
	training := manifest.Training
	header, variables, numbers := readArrays(filepath.Join(run, training.State.File))
	_, recorded, recordedNumbers := readArrays(inputs)

	// Two tensors a variable: one is read while the other is written, then they change places.
	state, spare := map[string]ort.Value{}, map[string]ort.Value{}
	for name, entry := range variables {
		bytes := numbers[entry.Offsets[0]:entry.Offsets[1]]
		state[name] = tensor(entry.Dtype, entry.Shape, bytes)
		spare[name] = tensor(entry.Dtype, entry.Shape, make([]byte, len(bytes)))
	}
	for _, step := range training.Steps { // of the vae: one
		inputNames, outputNames := append([]string{}, step.Reads...), append([]string{}, step.Metrics...)
		fixed, steps := []ort.Value{}, 0
		for _, host := range step.HostInputs {
			if host.Kind == "learningRate" {
				bytes := binary.LittleEndian.AppendUint32(nil, math.Float32bits(host.Value))
				inputNames, fixed = append(inputNames, host.Name), append(fixed, tensor("F32", host.Shape, bytes))
			}
		}
		recordedNames, assigned := []string{}, []string{}
		for name, entry := range recorded {
			recordedNames, steps = append(recordedNames, name), int(entry.Shape[0])
		}
		for name, output := range step.Assigns {
			assigned, outputNames = append(assigned, name), append(outputNames, output)
		}
		session, err := ort.NewDynamicAdvancedSession(
			filepath.Join(run, step.File), append(inputNames, recordedNames...), outputNames, nil)
		check(err)
		for index := 0; index < steps; index++ {
			feeds, results := []ort.Value{}, []ort.Value{}
			for _, name := range step.Reads {
				feeds = append(feeds, state[name])
			}
			feeds = append(feeds, fixed...)
			batch := []ort.Value{}
			for _, name := range recordedNames { // a batch and its random numbers
				entry := recorded[name]
				size := (entry.Offsets[1] - entry.Offsets[0]) / steps
				begin := entry.Offsets[0] + index*size
				value := tensor(entry.Dtype, entry.Shape[1:], recordedNumbers[begin:begin+size])
				feeds, batch = append(feeds, value), append(batch, value)
			}
			metrics := []ort.Value{}
			for range step.Metrics {
				value := tensor("F32", []int64{}, make([]byte, 4))
				metrics, results = append(metrics, value), append(results, value)
			}
			for _, name := range assigned {
				results = append(results, spare[name])
			}
			check(session.Run(feeds, results))
			for _, name := range assigned {
				state[name], spare[name] = spare[name], state[name]
			}
			for at, value := range metrics {
				if (index+1)%50 == 0 {
					number := math.Float32frombits(binary.LittleEndian.Uint32(bytesOf(value)))
					fmt.Printf("step %d %s %.4f\n", index+1, step.Metrics[at], number)
				}
			}
			for _, value := range append(batch, metrics...) {
				check(value.Destroy())
			}
		}
	}
	trained := make([]byte, len(numbers))
	for name, entry := range variables {
		copy(trained[entry.Offsets[0]:], bytesOf(state[name]))
	}
	check(os.WriteFile(out, append(header, trained...), 0o644))
}
