"""What people may ask of us about their data: access, export, correction, deletion, restriction, closing the account."""
