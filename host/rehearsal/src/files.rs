//! Files that lie beside a file of cases: who reads them is left to whoever loads it.

/// Reads the files that cases name.
pub trait Files {
    /// The text of a file. `path` is as it is written: relative to the file of cases. The error says why there is none.
    fn read(&self, path: &str) -> Result<String, String>;
}
