"""What keeps staff honest: break-glass, exports by four eyes, disclosures to authorities."""
