// The page of the shop. Whatever the server says is shown as text, never as markup.
"use strict";

const money = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });
const at = (id) => document.getElementById(id);

const problems = {
  "bad-quantity": "Please enter a whole number from 0 to 99.",
  "unknown-product": "This product is no longer available.",
};

async function ask(method, path, form) {
  const body = form && new URLSearchParams(form);
  const response = await fetch(path, { method, body });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(problems[answer.error] ?? "That did not work. Please try again.");
  }
  return answer;
}

// Runs one change at a time, says how it went, and leaves what was typed where it was when it fails.
async function change(work, done) {
  document.body.setAttribute("aria-busy", "true");
  try {
    show(await work());
    say(done);
  } catch (error) {
    say(error instanceof TypeError ? "The shop cannot be reached. Please try again." : error.message);
  } finally {
    document.body.removeAttribute("aria-busy");
  }
}

function say(text) {
  at("status").textContent = text;
}

function element(name, text, properties = {}) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(text);
  return made;
}

function setQuantity(product, name, quantity) {
  return change(
    () => ask("POST", "/api/cart", { product, quantity }),
    Number(quantity) > 0 ? `${name}: ${quantity} in your cart.` : `${name} is no longer in your cart.`,
  );
}

let quantities = new Map();

function show(cart) {
  quantities = new Map(cart.lines.map((line) => [line.product, line.quantity]));
  at("empty").hidden = cart.lines.length > 0;
  // Lines that stay keep their element, so that the focus stays too.
  const rows = new Map([...at("lines").children].map((row) => [row.dataset.product, row]));
  at("lines").replaceChildren(...cart.lines.map((line) => shownLine(line, rows.get(line.product))));
  at("total").textContent = money.format(cart.total / 100);
}

function shownLine(line, known) {
  const row = known ?? newLine(line);
  row.querySelector("input").value = line.quantity;
  row.querySelector(".sum").textContent = money.format(line.total / 100);
  return row;
}

function newLine(line) {
  const row = element("li", "");
  row.dataset.product = line.product;
  const label = element("label", `${line.name} `);
  const input = element("input", "", { type: "number", min: 0, max: 99, required: true });
  input.setAttribute("aria-label", `How many: ${line.name}`);
  input.addEventListener("change", () => setQuantity(line.product, line.name, input.value));
  label.append(input);
  row.append(label, element("span", "", { className: "sum" }));
  return row;
}

function showProducts(products) {
  at("products").replaceChildren(
    ...products.map((product) => {
      const card = element("li", "");
      const button = element("button", "Add to cart", { type: "button" });
      button.setAttribute("aria-label", `Add to cart: ${product.name}`);
      button.addEventListener("click", () =>
        setQuantity(product.id, product.name, (quantities.get(product.id) ?? 0) + 1),
      );
      card.append(element("h3", product.name), element("p", money.format(product.price / 100)), button);
      return card;
    }),
  );
}

async function open() {
  try {
    const [{ products }, cart] = await Promise.all([ask("GET", "/api/products"), ask("GET", "/api/cart")]);
    showProducts(products);
    show(cart);
  } catch {
    say("The shop cannot be reached. Please reload the page.");
  }
}

open();
