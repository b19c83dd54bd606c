package op

// contribDomain is that of the operators which ONNX Runtime's tools add.
const contribDomain = "com.microsoft"
