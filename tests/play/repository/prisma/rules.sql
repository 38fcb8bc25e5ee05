SELECT 'there is nobody in it';
