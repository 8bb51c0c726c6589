"""covid19-cough: coughs on request by phone or messenger, positive or negative for COVID-19, nobody named."""
