// Larder as larder.mjs, with a compiled package of its registry in place of an ONNX file: the first visit
// downloads it, the later ones find it in the browser's storage.
import { load, take } from "./larder.mjs";

export const title = "Larder, compiled";
export const where = "page";
export const made = "f32"; // the weights of the package, which the benchmark makes of the ONNX file
export const phases = ["first"]; // what is the same as with the ONNX file is not measured again
export { load };

export const create = ({ model, input }) => take(`${model.replaceAll("_", "-")}-${made}`, input);
