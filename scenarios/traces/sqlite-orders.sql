-- The work that record-sqlite-orders.sh records: a table of orders is filled and indexed, then skewed look-ups by customer
-- alternate with scans, updates and a report. Pages are used over and over, but not evenly, and the scans pass between.
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -262144;
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, amount INTEGER, note BLOB);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
INSERT INTO orders SELECT i, i * 7919 % 12007, i * 31 % 997, zeroblob(1200) FROM n;
INSERT INTO orders SELECT id + 1500, (id + 1500) * 7919 % 12007, (id + 1500) * 31 % 997, zeroblob(1200) FROM orders;
INSERT INTO orders SELECT id + 3000, (id + 3000) * 7919 % 12007, (id + 3000) * 31 % 997, zeroblob(1200) FROM orders;
INSERT INTO orders SELECT id + 6000, (id + 6000) * 7919 % 12007, (id + 6000) * 31 % 997, zeroblob(1200) FROM orders;
CREATE INDEX by_customer ON orders (customer);

-- Evenly spread numbers without order; u^3 / 12000^2 makes them skewed.
CREATE TEMP TABLE draws (d INTEGER PRIMARY KEY, u INTEGER);
INSERT INTO draws SELECT id, (id * 7907 + id * id % 9973 * 31) % 12000 FROM orders;

SELECT 'look-ups', sum(amount), count(note > 0) FROM draws
    JOIN orders ON customer = (u * u / 12000 * u / 12000) * 101 % 12007 WHERE d <= 6000;
SELECT 'full scan', length(max(note)) FROM orders WHERE id > 0;
SELECT 'look-ups', sum(amount), count(note > 0) FROM draws
    JOIN orders ON customer = (u * u / 12000 * u / 12000) * 101 % 12007 WHERE d > 6000;
UPDATE orders SET amount = amount + 1 WHERE id IN (SELECT 1 + u * u / 12000 FROM draws WHERE d <= 1500);
SELECT 'range', count(*), length(max(note)) FROM orders WHERE customer BETWEEN 2000 AND 4000;
SELECT 'report', customer % 100 AS region, sum(amount) FROM orders GROUP BY region ORDER BY 3 DESC LIMIT 1;
SELECT 'look-ups', sum(amount), count(note > 0) FROM draws
    JOIN orders ON customer = (u * u / 12000 * u / 12000) * 101 % 12007 WHERE d <= 6000;
