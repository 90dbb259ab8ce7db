import type { GenerativeModel } from '@onnx-forge/infer';
import { Choice } from '../../parts/fields.js';

interface ClassChoiceProps {
  readonly model: GenerativeModel;
  readonly label: number;
  readonly onChange: (label: number) => void;
}

/** The class that a conditional model is asked for; nothing for the others. */
export function ClassChoice({ model, label, onChange }: ClassChoiceProps) {
  if (model.kind !== 'conditional') return null;
  const choices = model.manifest.serve.classes.map((name, index) => [String(index), name] as const);
  return <Choice label="Class" value={String(label)} choices={choices} onChange={(value) => onChange(Number(value))} />;
}
