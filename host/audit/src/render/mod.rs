//! Reports as text. What a heading and a cell is stands in one place, `columns`; how it is written in the others.

mod columns;
mod csv;
mod markdown;
