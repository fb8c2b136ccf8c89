/** Every test file: the window's styles, so that layout, contrast and focus are the real ones. */
import "../src/styles/base.css";
