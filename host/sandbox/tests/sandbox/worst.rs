//! Components that are legal, or nearly, and hard to compile: a plugin that does its duty, with a core module beside it
//! that is never instantiated.

use crate::support::ECHO;

/// The opcodes that are used here.
const BLOCK: [u8; 2] = [0x02, 0x40];
const END: u8 = 0x0b;
const BR_IF_0: [u8; 2] = [0x0d, 0x00];
const LOCAL_GET_0: [u8; 2] = [0x20, 0x00];
const I32_CONST_0: [u8; 2] = [0x41, 0x00];
const I32: u8 = 0x7f;

/// The largest body of a function that is allowed, with a margin for what stands around it.
pub const LARGEST: usize = (256 << 10) - 64;

/// Many functions of the largest size that is allowed, each of which is nothing but branches.
pub fn many_branches(functions: usize) -> Vec<u8> {
    let unit = [&BLOCK[..], &LOCAL_GET_0, &BR_IF_0, &[END]].concat();
    let body = [&[1, 1, I32][..], &unit.repeat(LARGEST / unit.len()), &[END]].concat();
    beside(&module(&vec![body; functions]))
}

/// One function with so many bytes.
pub fn long_function(bytes: usize) -> Vec<u8> {
    const NOP: u8 = 0x01;
    beside(&module(&[[&[0][..], &vec![NOP; bytes], &[END]].concat()]))
}

/// Functions with so many locals each.
pub fn many_locals(functions: usize, locals: u32) -> Vec<u8> {
    let body = [&[1][..], &leb(locals), &[I32, END]].concat();
    beside(&module(&vec![body; functions]))
}

/// One branch with so many targets.
pub fn wide_branch(targets: u32) -> Vec<u8> {
    const BR_TABLE: u8 = 0x0e;
    let zeros = vec![0; usize::try_from(targets).unwrap() + 1];
    let body = [&[0][..], &BLOCK, &I32_CONST_0, &[BR_TABLE], &leb(targets), &zeros, &[END, END]].concat();
    beside(&module(&[body]))
}

/// A component with so many imports.
pub fn many_imports(count: u32) -> Vec<u8> {
    const EMPTY_INSTANCE_TYPE: [u8; 3] = [1, 0x42, 0];
    const INSTANCE_OF_TYPE_0: [u8; 2] = [5, 0];
    component(&[(7, EMPTY_INSTANCE_TYPE.to_vec()), (10, named(count, &INSTANCE_OF_TYPE_0))])
}

/// A component with so many exports.
pub fn many_exports(count: u32) -> Vec<u8> {
    const EMPTY_INSTANCE: [u8; 3] = [1, 1, 0];
    const INSTANCE_0_WITHOUT_TYPE: [u8; 3] = [5, 0, 0];
    component(&[(5, EMPTY_INSTANCE.to_vec()), (11, named(count, &INSTANCE_0_WITHOUT_TYPE))])
}

fn named(count: u32, what: &[u8]) -> Vec<u8> {
    let mut section = leb(count);
    for index in 0..count {
        let name = format!("i{index}");
        section.extend_from_slice(&[0, u8::try_from(name.len()).unwrap()]);
        section.extend_from_slice(name.as_bytes());
        section.extend_from_slice(what);
    }
    section
}

fn component(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    append(&mut component, sections);
    component
}

/// Components inside of each other, deeper than the text format goes.
pub fn nested(depth: usize) -> Vec<u8> {
    const COMPONENT_SECTION: u8 = 4;
    (0..depth).fold(component(&[]), |inner, _| component(&[(COMPONENT_SECTION, inner)]))
}

pub fn append(bytes: &mut Vec<u8>, sections: &[(u8, Vec<u8>)]) {
    for (id, content) in sections {
        bytes.push(*id);
        bytes.extend_from_slice(&leb(u32::try_from(content.len()).unwrap()));
        bytes.extend_from_slice(content);
    }
}

fn beside(module: &[u8]) -> Vec<u8> {
    const CORE_MODULE_SECTION: u8 = 1;
    let mut component = ECHO.component();
    append(&mut component, &[(CORE_MODULE_SECTION, module.to_vec())]);
    component
}

/// A core module of functions without parameters and results.
fn module(bodies: &[Vec<u8>]) -> Vec<u8> {
    let count = leb(u32::try_from(bodies.len()).unwrap());
    let mut code = count.clone();
    for body in bodies {
        code.extend_from_slice(&leb(u32::try_from(body.len()).unwrap()));
        code.extend_from_slice(body);
    }
    let functions = [&count[..], &vec![0; bodies.len()]].concat();
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    append(&mut module, &[(1, vec![1, 0x60, 0, 0]), (3, functions), (10, code)]);
    module
}

fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
