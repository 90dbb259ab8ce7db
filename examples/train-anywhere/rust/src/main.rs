//! Trains a saved step on recorded inputs: cargo run -- RUN INPUTS OUT, with the path of onnxruntime's library in ORT_DYLIB_PATH.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Tensor};
use serde_json::{Map, Value};

/// A safetensors file: its bytes, where its numbers begin, and its header's entries.
struct Arrays {
    file: Vec<u8>,
    start: usize,
    entries: Map<String, Value>,
}

impl Arrays {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let file = fs::read(path)?;
        let start = 8 + u64::from_le_bytes(file[..8].try_into()?) as usize;
        let mut entries: Map<String, Value> = serde_json::from_slice(&file[8..start])?;
        entries.remove("__metadata__");
        Ok(Self { file, start, entries })
    }

    /// First and last byte of an array.
    fn place(&self, name: &str) -> (usize, usize) {
        let offset = |at: usize| self.start + self.entries[name]["data_offsets"][at].as_u64().unwrap() as usize;
        (offset(0), offset(1))
    }

    /// An array, or the one at `index` of the `count` that are stacked in it.
    fn tensor(&self, name: &str, stacked: Option<(usize, usize)>) -> ort::Result<DynValue> {
        let (begin, end) = self.place(name);
        let (index, count) = stacked.unwrap_or((0, 1));
        let size = (end - begin) / count;
        let words = self.file[begin + index * size..][..size].chunks_exact(4).map(|word| word.try_into().unwrap());
        let shape = sizes(&self.entries[name]["shape"])[usize::from(stacked.is_some())..].to_vec();
        if self.entries[name]["dtype"] == "F32" {
            Ok(Tensor::from_array((shape, words.map(f32::from_le_bytes).collect::<Vec<_>>()))?.into_dyn())
        } else {
            Ok(Tensor::from_array((shape, words.map(i32::from_le_bytes).collect::<Vec<_>>()))?.into_dyn())
        }
    }
}

fn sizes(shape: &Value) -> Vec<i64> {
    shape.as_array().unwrap().iter().map(|size| size.as_i64().unwrap()).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let run = Path::new(&args[1]);
    let manifest: Value = serde_json::from_slice(&fs::read(run.join("manifest.json"))?)?;
    let training = &manifest["training"];
    let step = training["steps"].as_object().unwrap().values().next().unwrap(); // of the vae: one
    let mut variables = Arrays::read(&run.join(training["state"]["file"].as_str().unwrap()))?;
    let recorded = Arrays::read(Path::new(&args[2]))?;

    let mut state = BTreeMap::new();
    for name in variables.entries.keys() {
        state.insert(name.clone(), variables.tensor(name, None)?);
    }
    let mut learning_rates = Vec::new();
    for host in step["hostInputs"].as_array().unwrap().iter().filter(|host| host["kind"] == "learningRate") {
        let value = Tensor::from_array((sizes(&host["shape"]), vec![host["value"].as_f64().unwrap() as f32]))?;
        learning_rates.push((host["name"].as_str().unwrap(), value));
    }

    let environment = ort::init().build()?;
    let file = run.join(step["file"].as_str().unwrap());
    let mut session = Session::builder(&environment)?.commit_from_file(file)?;
    let steps = sizes(&recorded.entries.values().next().unwrap()["shape"])[0] as usize;
    for index in 0..steps {
        let mut feeds: Vec<(&str, SessionInputValue)> = Vec::new();
        for name in recorded.entries.keys() {
            feeds.push((name, recorded.tensor(name, Some((index, steps)))?.into())); // a batch and its random numbers
        }
        feeds.extend(learning_rates.iter().map(|(name, value)| (*name, value.into())));
        feeds.extend(names(&step["reads"]).into_iter().map(|name| (name, (&state[name]).into())));
        let mut results = session.run(feeds)?;
        for (name, output) in step["assigns"].as_object().unwrap() {
            state.insert(name.clone(), results.remove(output.as_str().unwrap()).unwrap());
        }
        if (index + 1) % 50 == 0 {
            for metric in names(&step["metrics"]) {
                println!("step {} {metric} {:.4}", index + 1, results[metric].try_extract_tensor::<f32>()?.1[0]);
            }
        }
    }

    for (name, value) in &state {
        let bytes: Vec<u8> = match value.try_extract_tensor::<f32>() {
            Ok((_, numbers)) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
            Err(_) => value.try_extract_tensor::<i32>()?.1.iter().flat_map(|number| number.to_le_bytes()).collect(),
        };
        let (begin, end) = variables.place(name);
        variables.file[begin..end].copy_from_slice(&bytes);
    }
    fs::write(&args[3], &variables.file)?;
    Ok(())
}
