use docent_kernels::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let format = match a[1].as_str() {
        "q4_0" => Format::Q4_0,
        "q4_1" => Format::Q4_1,
        "q4_k" => Format::Q4K,
        "q8_0" => Format::Q8_0,
        "q5_0" => Format::Q5_0,
        "q6_k" => Format::Q6K,
        "f16" => Format::F16,
        _ => panic!(),
    };
    let rows: usize = a[2].parse().unwrap();
    let times: usize = a[3].parse().unwrap();
    let cpu = Cpu::new(1);
    let (o, i) = (256, 2048);
    let (b, bytes) = format.block();
    let data = vec![0x11u8; o * i / b * bytes];
    let m = Matrix::pack(&cpu, format, &data, o, i).unwrap();
    let x = Activations::new(&cpu, &vec![0.5; rows * i], i, Norm::None, m.is_float());
    let mut out = vec![0.0; rows * o];
    for _ in 0..times {
        matmul(&cpu, &x, &[&m], Epilogue::Write(Activation::Identity), &mut out);
    }
    println!("{:?} {}", cpu, out[0]);
}
