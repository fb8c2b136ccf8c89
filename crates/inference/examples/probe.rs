// scratch: kernel comparison
use candle_core::quantized::*;
use candle_core::*;
use std::time::Instant;
fn best<F: FnMut()>(mut f: F) -> f64 {
    f();
    let mut b = f64::MAX;
    for _ in 0..7 {
        let t = Instant::now();
        f();
        b = b.min(t.elapsed().as_secs_f64());
    }
    b
}
fn main() {
    let d = Device::Cpu;
    for (k, n) in [(576usize, 1536usize), (1536, 576), (576, 576), (1024, 3072)] {
        let w = Tensor::randn(0f32, 1., (n, k), &d).unwrap();
        for m in [1usize, 8, 16, 32, 64, 128, 256] {
            let x = Tensor::randn(0f32, 1., (m, k), &d).unwrap();
            let ops = 2.0 * (m * k * n) as f64 / 1e9;
            print!("k{k} n{n} m{m:4}: ");
            for (name, t) in [("q4_1", GgmlDType::Q4_1), ("q4_0", GgmlDType::Q4_0), ("q8_0", GgmlDType::Q8_0)]
            {
                if t == GgmlDType::Q4_1 && m > 32 {
                    continue;
                }
                let q = std::sync::Arc::new(QTensor::quantize(&w, t).unwrap());
                let mm = QMatMul::from_arc(q.clone()).unwrap();
                print!(
                    "{name} {:6.1} ",
                    ops / best(|| {
                        mm.forward(&x).unwrap();
                    })
                );
                if t == GgmlDType::Q8_0 {
                    print!(
                        "deq+f32 {:6.1} ",
                        ops / best(|| {
                            x.matmul(&q.dequantize(&d).unwrap().t().unwrap()).unwrap();
                        })
                    );
                }
            }
            print!(
                "f32 {:6.1} ",
                ops / best(|| {
                    x.matmul(&w.t().unwrap()).unwrap();
                })
            );
            let wt = w.t().unwrap().contiguous().unwrap();
            print!(
                "f32t {:6.1} ",
                ops / best(|| {
                    x.matmul(&wt).unwrap();
                })
            );
            if k % 256 != 0 {
                let kp = k.next_multiple_of(256);
                let wp = w.pad_with_zeros(1, 0, kp - k).unwrap();
                let mm =
                    QMatMul::from_arc(std::sync::Arc::new(QTensor::quantize(&wp, GgmlDType::Q8_0).unwrap()))
                        .unwrap();
                print!(
                    "pad q8 {:6.1} ",
                    ops / best(|| {
                        let xp = x.pad_with_zeros(1, 0, kp - k).unwrap();
                        mm.forward(&xp).unwrap();
                    })
                );
            }
            println!();
        }
    }
}
