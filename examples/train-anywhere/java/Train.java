// Trains a saved step on recorded inputs: java -cp 'target/dependency/*' Train.java RUN INPUTS OUT
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

class Train {
  static final OrtEnvironment ORT = OrtEnvironment.getEnvironment();

  /** A safetensors file: the header's entries, and the whole file, whose numbers begin at `start`. */
  record Arrays(JsonObject entries, ByteBuffer file, int start) {
    static Arrays read(Path path) throws IOException {
      byte[] bytes = Files.readAllBytes(path);
      ByteBuffer file = ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.LITTLE_ENDIAN).put(0, bytes);
      int length = (int) file.getLong(0);
      JsonObject entries = JsonParser.parseString(new String(bytes, 8, length, StandardCharsets.UTF_8)).getAsJsonObject();
      entries.remove("__metadata__");
      return new Arrays(entries, file, 8 + length);
    }

    /** An array, or the one at `index` of the `count` that are stacked in it (0: it is none of several). */
    OnnxTensor tensor(String name, int index, int count) throws OrtException {
      JsonObject entry = entries.getAsJsonObject(name);
      int size = bytes(name).remaining() / Math.max(count, 1);
      ByteBuffer numbers = bytes(name).slice(index * size, size).order(ByteOrder.nativeOrder());
      OnnxJavaType type = entry.get("dtype").getAsString().equals("F32") ? OnnxJavaType.FLOAT : OnnxJavaType.INT32;
      return OnnxTensor.createTensor(ORT, numbers, shape(entry.getAsJsonArray("shape"), Math.min(count, 1)), type);
    }

    ByteBuffer bytes(String name) {
      JsonArray offsets = entries.getAsJsonObject(name).getAsJsonArray("data_offsets");
      int begin = offsets.get(0).getAsInt();
      return file.slice(start + begin, offsets.get(1).getAsInt() - begin);
    }
  }

  static long[] shape(JsonArray sizes, int from) {
    return sizes.asList().stream().skip(from).mapToLong(JsonElement::getAsLong).toArray();
  }

  public static void main(String[] args) throws Exception {
    Path run = Path.of(args[0]);
    JsonObject training =
        JsonParser.parseString(Files.readString(run.resolve("manifest.json"))).getAsJsonObject().getAsJsonObject("training");
    JsonObject step = training.getAsJsonObject("steps").asMap().values().iterator().next().getAsJsonObject(); // of the vae: one
    Arrays variables = Arrays.read(run.resolve(training.getAsJsonObject("state").get("file").getAsString()));
    Arrays recorded = Arrays.read(Path.of(args[1]));

    Map<String, OnnxTensor> state = new HashMap<>();
    for (String name : variables.entries().keySet()) state.put(name, variables.tensor(name, 0, 0));
    Map<String, OnnxTensor> learningRates = new HashMap<>();
    for (JsonElement element : step.getAsJsonArray("hostInputs")) {
      JsonObject host = element.getAsJsonObject();
      if (!host.get("kind").getAsString().equals("learningRate")) continue;
      ByteBuffer value = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putFloat(0, host.get("value").getAsFloat());
      long[] shape = shape(host.getAsJsonArray("shape"), 0);
      learningRates.put(host.get("name").getAsString(), OnnxTensor.createTensor(ORT, value, shape, OnnxJavaType.FLOAT));
    }
    JsonObject assigns = step.getAsJsonObject("assigns");
    Set<String> outputs = new HashSet<>();
    for (JsonElement output : assigns.asMap().values()) outputs.add(output.getAsString());
    for (JsonElement metric : step.getAsJsonArray("metrics")) outputs.add(metric.getAsString());

    OrtSession session = ORT.createSession(run.resolve(step.get("file").getAsString()).toString());
    int steps = (int) shape(recorded.entries().asMap().values().iterator().next().getAsJsonObject().getAsJsonArray("shape"), 0)[0];
    OrtSession.Result before = null;
    for (int index = 0; index < steps; index++) {
      Map<String, OnnxTensor> batch = new HashMap<>(); // with its random numbers
      for (String name : recorded.entries().keySet()) batch.put(name, recorded.tensor(name, index, steps));
      Map<String, OnnxTensor> feeds = new HashMap<>(learningRates);
      feeds.putAll(batch);
      for (JsonElement name : step.getAsJsonArray("reads")) feeds.put(name.getAsString(), state.get(name.getAsString()));
      OrtSession.Result results = session.run(feeds, outputs);
      for (String name : assigns.keySet()) state.put(name, (OnnxTensor) results.get(assigns.get(name).getAsString()).get());
      for (OnnxTensor tensor : batch.values()) tensor.close();
      if (before != null) before.close(); // its arrays have been replaced
      before = results;
      if ((index + 1) % 50 != 0) continue;
      for (JsonElement metric : step.getAsJsonArray("metrics")) {
        float value = ((OnnxTensor) results.get(metric.getAsString()).get()).getFloatBuffer().get(0);
        System.out.printf("step %d %s %.4f%n", index + 1, metric.getAsString(), value);
      }
    }

    for (String name : state.keySet()) variables.bytes(name).put(state.get(name).getByteBuffer());
    byte[] trained = new byte[variables.file().capacity()];
    variables.file().get(0, trained);
    Files.write(Path.of(args[2]), trained);
  }
}
