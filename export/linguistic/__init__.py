"""The encoder behind the linguistic codes: module, export, golden data."""
