package model

// Version is Larder's version, as programs report it.
const Version = "0.1.0"
