//! Logistic regression with a ridge penalty, by gradient descent with a line search.

pub struct Model {
    pub bias: f64,
    pub factors: Vec<f64>,
}

impl Model {
    pub fn probability(&self, x: &[f64]) -> f64 {
        let sum = self.bias + x.iter().zip(&self.factors).map(|(x, w)| x * w).sum::<f64>();
        1.0 / (1.0 + (-sum).exp())
    }

    /// Fits the probability that `y` is true. Both classes count the same however many they are.
    pub fn fit(x: &[Vec<f64>], y: &[bool], ridge: f64) -> Self {
        let positive = y.iter().filter(|y| **y).count() as f64;
        let negative = y.len() as f64 - positive;
        let weight = |y: bool| 0.5 / if y { positive } else { negative };
        let width = x[0].len();
        let mut model = Self { bias: 0.0, factors: vec![0.0; width] };
        let mut rate = 1.0;
        let mut loss = model.loss(x, y, ridge, &weight);
        for _ in 0..20_000 {
            let (mut bias, mut slope) = (0.0, vec![0.0; width]);
            for (x, y) in x.iter().zip(y) {
                let error = weight(*y) * (model.probability(x) - f64::from(u8::from(*y)));
                bias += error;
                slope.iter_mut().zip(x).for_each(|(slope, x)| *slope += error * x);
            }
            for (slope, factor) in slope.iter_mut().zip(&model.factors) {
                *slope += ridge * factor;
            }
            let step = Self {
                bias: model.bias - rate * bias,
                factors: model.factors.iter().zip(&slope).map(|(w, s)| w - rate * s).collect(),
            };
            let next = step.loss(x, y, ridge, &weight);
            if next < loss {
                let gained = loss - next;
                (model, loss) = (step, next);
                rate *= 1.1;
                if gained < 1e-10 {
                    break;
                }
            } else {
                rate *= 0.5;
                if rate < 1e-9 {
                    break;
                }
            }
        }
        model
    }

    fn loss(&self, x: &[Vec<f64>], y: &[bool], ridge: f64, weight: &dyn Fn(bool) -> f64) -> f64 {
        let fit: f64 = x
            .iter()
            .zip(y)
            .map(|(x, y)| {
                let p = self.probability(x).clamp(1e-12, 1.0 - 1e-12);
                -weight(*y) * if *y { p.ln() } else { (1.0 - p).ln() }
            })
            .sum();
        fit + 0.5 * ridge * self.factors.iter().map(|w| w * w).sum::<f64>()
    }
}
