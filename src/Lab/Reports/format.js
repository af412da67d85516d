"use strict";

// Numbers as the tables show them, whatever the reader's language.
const count = (value) => Math.round(value).toLocaleString("en-US");
const percent = (ratio) => `${(ratio * 100).toFixed(2)} %`;

// Both ends of a long name: policies differ in their switches, at the end.
function shorter(text, most) {
  const half = Math.floor((most - 1) / 2);
  return text.length > most ? `${text.slice(0, most - 1 - half)}…${text.slice(-half)}` : text;
}

const BYTES_PER_PAGE = 4096;

// 8192 -> "32 MiB"
function bytes(pages) {
  let value = pages * BYTES_PER_PAGE / 1024;
  for (const unit of ["KiB", "MiB", "GiB"]) {
    if (value < 1000) return `${value < 10 ? value.toFixed(1) : count(value)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}

// 1234567 -> "1.23M", for axes
function compact(value) {
  return value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 });
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
