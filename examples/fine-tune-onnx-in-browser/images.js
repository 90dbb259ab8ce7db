const NORMAL = {
  unit: [
    [0, 0, 0],
    [1, 1, 1],
  ],
  imagenet: [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ],
};

/** Files by class: the name of the folder that each lies in. Of every class each fifth is kept for the test. */
export function sorted(files) {
  const byClass = Map.groupBy(
    files
      .filter(({ type }) => type.startsWith('image/'))
      .sort((one, other) => (one.webkitRelativePath < other.webkitRelativePath ? -1 : 1)),
    ({ webkitRelativePath }) => webkitRelativePath.split('/').at(-2) ?? '',
  );
  const names = [...byClass.keys()].sort();
  const all = names.flatMap((name, label) =>
    byClass.get(name).map((file, i) => ({ file, label, isTest: i % 5 === 4 })),
  );
  return { names, train: all.filter(({ isTest }) => !isTest), test: all.filter(({ isTest }) => isTest) };
}

/** Numbers of a picture, scaled so that the image is filled from its middle. */
export async function readImage(file, { height, width, channels, channelsFirst }, scale) {
  const bitmap = await createImageBitmap(file);
  const zoom = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [zoom * bitmap.width, zoom * bitmap.height];
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const [mean, deviation] = NORMAL[scale];
  const pixels = height * width;
  const numbers = new Float32Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const colour = [...data.subarray(4 * pixel, 4 * pixel + 3)].map((level) => level / 255);
    if (channels === 1) colour[0] = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
    for (let c = 0; c < channels; c++) {
      numbers[channelsFirst ? c * pixels + pixel : pixel * channels + c] = (colour[c] - mean[c]) / deviation[c];
    }
  }
  return numbers;
}
